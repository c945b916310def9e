/**
 * Makes something that several tests of a file use, such as a trained model. It is made when the first test
 * asks for it. So each test runs alone and in any order, and a whole file makes it once.
 */
export function shared<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

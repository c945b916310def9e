/**
 * Something that several tests of a file use, like a trained model: made when the first of them asks for it, whichever that is.
 * So each test runs alone and in any order, and a whole file makes it once.
 */
export function shared<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

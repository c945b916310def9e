/**
 * A `fetch` for browsers that reports how much of the body was sent. The browser's own `fetch` does not.
 * @param onProgress receives the share, from 0 to 1
 */
export function sendWithProgress(onProgress: (share: number) => void): typeof fetch {
  return (input, { method = 'GET', headers, body, signal } = {}) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open(method, input instanceof Request ? input.url : input);
      for (const [name, value] of new Headers(headers)) request.setRequestHeader(name, value);
      request.responseType = 'text';
      request.upload.addEventListener('progress', ({ loaded, total }) =>
        onProgress(total > 0 ? loaded / total : 0),
      );
      request.upload.addEventListener('load', () => onProgress(1));
      request.addEventListener('load', () => {
        const lines = request.getAllResponseHeaders().trim().split('\r\n');
        const pairs = lines.map((line): [string, string] => [
          line.slice(0, line.indexOf(':')),
          line.slice(line.indexOf(':') + 1).trim(),
        ]);
        resolve(
          new Response(request.responseText, {
            status: request.status,
            statusText: request.statusText,
            headers: pairs,
          }),
        );
      });
      request.addEventListener('error', () => reject(new TypeError('The connection was lost.')));
      request.addEventListener('abort', () =>
        reject(new DOMException('The upload was cancelled.', 'AbortError')),
      );
      signal?.addEventListener('abort', () => request.abort());
      request.send(body as XMLHttpRequestBodyInit);
    });
}

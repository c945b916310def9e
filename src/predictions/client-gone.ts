import type { FastifyReply } from 'fastify';

/** A signal that is aborted when the connection closes before the answer was sent: nobody will read it. */
export function clientGone(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}

// An HTTP proxy on loopback that opens tunnels, counts them, and refuses who has not its user and password.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

export type TestProxy = {
  readonly url: string;
  /** Heads of the requests so far: host and port, and who asked. */
  readonly asked: { readonly place: string; readonly authorization: string | undefined }[];
  /** In place of a tunnel. */
  answer: ((socket: Socket) => void) | undefined;
  close(): Promise<void>;
};

export async function openTestProxy(secret?: string): Promise<TestProxy> {
  const sockets = new Set<Socket>();
  const server = createServer();
  const expected = secret === undefined ? undefined : `Basic ${Buffer.from(secret).toString('base64')}`;
  server.on('connect', (request, stream, head) => {
    const socket = stream as Socket;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    const authorization = request.headers['proxy-authorization'];
    proxy.asked.push({ place: request.url ?? '', authorization });
    if (proxy.answer !== undefined) return proxy.answer(socket);
    if (expected !== undefined && authorization !== expected)
      return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(request.url ?? '') ?? [];
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n');
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const proxy: TestProxy = {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    asked: [],
    answer: undefined,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

// Opens many subscriptions/listen streams from several loopback addresses and waits until each is acknowledged.
import net from 'node:net';

const per_address = 800;

export async function idle_streams(port, count) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params: {
    _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} },
    notifications: { toolsListChanged: true } } });
  const request = `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n` +
    'Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: subscriptions/listen\r\n' +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const sockets = [];
  let opened = 0;
  const open = (index) => new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${2 + Math.floor(index / per_address)}` });
    sockets.push(socket);
    let text = '';
    const timer = setTimeout(resolve, 3000);
    socket.on('connect', () => socket.write(request));
    socket.on('data', (chunk) => {
      text += chunk;
      if (text.includes('notifications/subscriptions/acknowledged')) {
        opened += 1;
        text = '';
        clearTimeout(timer);
        resolve();
      }
    });
    socket.on('error', () => { clearTimeout(timer); resolve(); });
  });
  for (let at = 0, before = -1; at < count && opened > before; at += 100) {
    before = opened;
    await Promise.all(Array.from({ length: Math.min(100, count - at) }, (_, i) => open(at + i)));
  }
  await new Promise((resolve) => { setTimeout(resolve, 500); });
  return { opened, close: () => sockets.forEach((socket) => socket.destroy()) };
}

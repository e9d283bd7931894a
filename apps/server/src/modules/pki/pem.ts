// PEM, one block. Source: RFC 7468
export function encodePem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

export function decodePem(pem: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(pem.replace(/-----[^-]*-----/g, ''), 'base64')).buffer;
}

// `POST /devices/me/certificate`: a device renews its certificate before it ends. The body is a PKCS#10 request in DER,
// signed by the key that is to be certified and naming the device by the common name that it has; the answer is the new
// certificate as PEM, leaf first. Asked over mutual TLS with the certificate that is to be renewed, which stays valid to
// its own end. A gateway that answers 404 or 405 has no such thing. Ours; RFC 2986, RFC 8555 7.4.2

export const CERTIFICATE_REQUEST_TYPE = 'application/pkcs10';
export const CERTIFICATE_CHAIN_TYPE = 'application/pem-certificate-chain';

/** A request for a key of RSA 8192 takes a quarter of it. */
export const MAX_CERTIFICATE_REQUEST_BYTES = 16 * 1024;

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { redactConfig } from './redact-config.ts';

describe('redact configuration', () => {
  const secrets: readonly [name: string, toml: string][] = [
    ['in its table', '[p11]\nmodule = "/m.so"\npass = "geheim"\n'],
    ['without spaces', '[p11]\npass="geheim"\n'],
    ['in the first line', 'pass = "geheim"'],
    ['as a literal', "[provision]\np12_password = 'geheim'\n"],
    ['with escaped quotes', '[provision]\np12_password = "a\\"geheim\\\\"\n'],
    ['over several lines', '[p11]\npass = """\nx\ngeheim"""\n'],
    ['with a dotted key', 'p11.pass = "geheim"\n'],
    ['with a quoted key', '[p11]\n"pass" = "geheim"\n'],
    ['in an inline table', 'p11 = { module = "/m.so", pass = "geheim" }\n'],
    ['without quotes', '[p11]\npass = geheim\n'],
    ['in capitals', '[p11]\nPASS = "geheim"\r\n'],
    ['behind tabs', 'pass\t=\t"geheim"\n'],
    ['with a quoted table in its key', '"provision".p12_password="geheim"\n'],
    ['with a quoted last part of its key', 'provision."p12_password" = "geheim"\n'],
    ['with an escape in its key', '"p\\u0061ss" = "geheim"\n'],
    ['in a table whose name is escaped', '["p\\u0061ss"]\nvalue = "geheim"\n'],
    ['called passwd', 'passwd = "geheim"\n'],
    ['called apiKey', 'apiKey = "geheim"\n'],
    ['called api_key', '[cloud]\napi_key = "geheim"\n'],
    ['called credential', 'credential="geheim"\n'],
    ['called pin', '[p11]\npin="ab\\"geheim"\n'],
    ['in a list', 'token=["x","geheim"]\n'],
    ['in a list of several lines', 'token = [\n  "x", # one\n  "geheim",\n]\n'],
    ['in an inline table of a list', 'b=[{x=1},{pass="geheim"}]\n'],
    ['in a table of secrets', '[[credentials]]\nx = { y = ["geheim"] }\n'],
    ['in a URL', 'url = "https://user:geheim@host/"\n'],
    ['in a URL that lacks escapes', 'url = "https://user:ge/geheim@x?geheim@host/"\n'],
    ['in a URL without a password', 'url = "https://geheim@host/"\n'],
    ['in a URL with escapes of TOML', 'url = "https:\\u002f\\u002fuser:geheim@host"\n'],
    ['in a query', 'url = "https://host/?a=b&token=geheim"\n'],
    ['in an option of a command', 'run = ["curl", "--password=geheim"]\n'],
    ['that shows what it is', 'blob = "-----BEGIN PRIVATE KEY-----geheim"\n'],
    ['behind a carriage return', 'pass = "x"\rpass="geheim"\n'],
    ['in a remark', '#pass = "geheim"\nx = 1 # token: geheim\n'],
    ['behind its value', 'pass = "a"geheim\n'],
    ['in a list that is never closed', 'pass = ["a",\n"geheim"\nx = 1\n'],
    ['in a text that is never closed', 'pass = """\nx = 1\ngeheim\n'],
    ['in a text that goes on without leave', 'k = "-----BEGIN PRIVATE KEY-----\ngeheim=\ngeheim==\n"\n'],
    ['in a line that is none', 'geheim\n: geheim\nx : geheim\n'],
    ['below a header that is none', '[pass\nx = "geheim"\n'],
    ['of another maker', '[cloud]\napi_token = "geheim"\nclient_secret = "geheim"\n'],
  ];
  for (const [name, toml] of secrets) {
    it(`blanks a secret ${name}`, () => {
      const redacted = redactConfig(toml);
      assert.doesNotMatch(redacted, /geheim/);
      assert.match(redacted, /\[redacted\]/);
    });
  }

  it('blanks a secret that is a number', () => {
    assert.equal(redactConfig('pin = 4711\n'), 'pin = "[redacted]"\n');
  });

  it('keeps everything else as it was sent', () => {
    const toml =
      '[p11]\nmodule = "/m.so"\npass = ""\nuptane_key_id = "03"\n\n[uptane]\npolling_sec = 10\nkey_source = "file"\n[import]\ntls_pkey_path = "/var/pkey.pem"\n# no pass here\n';
    assert.equal(redactConfig(toml), toml);
  });

  it('keeps what is long, deep or strange without being secret', () => {
    const lines = [
      'a."b c".d = [1, 2.5, [true, 1979-05-27 07:32:00Z]] # remark\r',
      '\r',
      '[[list]]',
      "q = 'C:\\dir' ",
      'm = """a "quoted"\\',
      '  word"""',
      "t = { x = 'y', z = [] }",
      'url = "https://host:8443/a@b"',
      'last = -0x1F',
    ];
    assert.equal(redactConfig(lines.join('\n')), lines.join('\n'));
  });

  it('blanks the value alone', () => {
    assert.equal(
      redactConfig('[p11]\npass = "geheim" # mine\nmodule = "m"\n'),
      '[p11]\npass = "[redacted]" # mine\nmodule = "m"\n',
    );
    assert.equal(
      redactConfig('url = "https://user:geheim@host/a" # mine\n'),
      'url = "https://[redacted]@host/a" # mine\n',
    );
  });

  it('takes any text to its end', () => {
    const parts = ['""', '{', '[', 'a.', 'a-', '\t', 'secret', '=', 'x = [\n', 'pass="""\n', '\\u', '\n['];
    for (const part of parts) {
      const text = part.repeat(20_000);
      assert.ok(redactConfig(`\n${text}`).length <= 20 * text.length, part);
    }
  });
});

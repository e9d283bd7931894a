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
    ['in capitals', '[p11]\nPASS = "geheim"\n'],
    ['of another maker', '[cloud]\napi_token = "geheim"\nclient_secret = "geheim"\n'],
  ];
  for (const [name, toml] of secrets) {
    it(`blanks a secret ${name}`, () => {
      const redacted = redactConfig(toml);
      assert.doesNotMatch(redacted, /geheim/);
      assert.match(redacted, /\[redacted\]/);
    });
  }

  it('keeps everything else as it was sent', () => {
    const toml =
      '[p11]\nmodule = "/m.so"\npass = ""\nuptane_key_id = "03"\n\n[uptane]\npolling_sec = 10\nkey_source = "file"\n[import]\ntls_pkey_path = "/var/pkey.pem"\n# no pass = here\n';
    assert.equal(redactConfig(toml), toml);
  });

  it('blanks the value alone', () => {
    assert.equal(
      redactConfig('[p11]\npass = "geheim" # mine\nmodule = "m"\n'),
      '[p11]\npass = "[redacted]" # mine\nmodule = "m"\n',
    );
  });
});

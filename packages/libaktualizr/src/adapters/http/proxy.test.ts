import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { ConfigError } from '../../errors.ts';
import { proxyFor, readProxy, type Environment } from './proxy.ts';

const NONE = { url: '', noProxy: '' };

describe('choice of the proxy', () => {
  const chosen = async (
    host: string,
    settings: { url?: string; noProxy?: string },
    environment: Environment = {},
  ) => (await proxyFor(host, { ...NONE, ...settings }, environment))?.name;

  it('is none, when nothing names one', async () => {
    assert.equal(await chosen('gateway', {}, { http_proxy: 'http://other:1' }), undefined);
  });

  it('is the configured one before those of the environment, in the order of libcurl', async () => {
    const environment = { ALL_PROXY: 'd:4', all_proxy: 'c:3', HTTPS_PROXY: 'b:2', https_proxy: 'a:1' };
    assert.equal(await chosen('gateway', { url: 'http://own:8' }, environment), 'http://own:8');
    assert.equal(await chosen('gateway', {}, environment), 'http://a:1');
    const { https_proxy: _1, ...second } = environment;
    assert.equal(await chosen('gateway', {}, second), 'http://b:2');
    const { HTTPS_PROXY: _2, ...third } = second;
    assert.equal(await chosen('gateway', {}, third), 'http://c:3');
    assert.equal(await chosen('gateway', {}, { ALL_PROXY: 'd:4' }), 'http://d:4');
  });

  for (const [list, host, isDirect] of [
    ['*', 'anything.example.com', true],
    ['example.com', 'example.com', true],
    ['example.com', 'gw.example.com', true],
    ['.example.com', 'gw.example.com', true],
    ['.example.com', 'example.com', true],
    ['example.com', 'notexample.com', false],
    ['EXAMPLE.com', 'gw.Example.com', true],
    ['a.org, b.org c.org', 'b.org', true],
    ['a.org, b.org c.org', 'c.org', true],
    ['', 'b.org', false],
    ['192.0.2.0/24', '192.0.2.77', true],
    ['192.0.2.0/24', '192.0.3.77', false],
    ['192.0.2.0/99', '192.0.2.1', false],
    ['192.0.2.7', '192.0.2.7', true],
    ['2001:db8::/32', '[2001:db8::1]', true],
    ['[2001:db8::1]', '[2001:db8::1]', true],
    ['2001:db8::/32', '192.0.2.1', false],
  ] as const) {
    it(`${isDirect ? 'leaves out' : 'does not leave out'} ${host}, when no_proxy is "${list}"`, async () => {
      const expected = isDirect ? undefined : 'http://p:1';
      assert.equal(await chosen(host, { url: 'p:1', noProxy: list }), expected);
      assert.equal(await chosen(host, {}, { https_proxy: 'p:1', no_proxy: list }), expected);
      assert.equal(await chosen(host, { url: 'p:1' }, { NO_PROXY: list }), expected);
    });
  }
});

describe('address of a proxy', () => {
  it('is read with the port of libcurl, its user and its password', () => {
    assert.deepEqual(readProxy({ url: 'http://j%40ne:p%3Aw@proxy' }, 'x'), {
      host: 'proxy',
      port: 1080,
      name: 'http://proxy:1080',
      authorization: `Basic ${Buffer.from('j@ne:p:w').toString('base64')}`,
    });
    assert.equal(readProxy({ url: 'proxy:80' }, 'x').port, 80);
    assert.equal(readProxy({ url: 'http://[::1]:3128' }, 'x').host, '::1');
    assert.equal(readProxy({ url: 'proxy:1' }, 'x').authorization, undefined);
  });

  it('takes a user and a password that are given beside it', () => {
    const { authorization } = readProxy({ url: 'http://a:b@proxy:1', user: 'c', password: 'd' }, 'x');
    assert.equal(authorization, `Basic ${Buffer.from('c:d').toString('base64')}`);
  });

  for (const url of [
    'socks5://jane:secret@proxy',
    'https://jane:secret@proxy',
    'http://',
    'http://jane:secret@',
  ])
    it(`is refused without its secrets: ${url.replace('jane:secret@', '')}`, () => {
      assert.throws(
        () => readProxy({ url }, 'network.curl_proxy'),
        (error: unknown) =>
          error instanceof ConfigError &&
          error.message.startsWith('network.curl_proxy is not the address of a proxy') &&
          !/secret|jane/.test(error.message),
      );
    });
});

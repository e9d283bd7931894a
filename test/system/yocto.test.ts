// The Yocto layer as far as it can be checked without bitbake, which no package registry here has: every file parses,
// variables resolve as a user sets them, Python compiles, licences are those of the sums, do_install puts into a folder
// what the packages name, and what it puts there is a configuration that our client knows.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildPackages } from '../../scripts/package-deb.ts';
import { Recipe } from './support/bitbake.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const layer = path.join(root, 'yocto/meta-ota-connect');
const RECIPES = globSync('recipes-*/*/*.bb', { cwd: layer }).sort();
const aktualizr = path.join(root, 'apps/aktualizr/bin/aktualizr.js');

let folder: string;
let sources: string;

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'ota-connect-yocto-'));
  sources = path.join(folder, 'ota-connect');
  await buildPackages({ out: sources, compression: 'none' });
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** A recipe with what bitbake.conf, the machine and local.conf say. */
function recipeOf(file: string, settings: Readonly<Record<string, string>> = {}): Recipe {
  const [name = '', version = ''] = path.basename(file, '.bb').split('_');
  const work = path.join(folder, name);
  const surroundings = {
    PN: name,
    BPN: name,
    PV: version,
    WORKDIR: work,
    D: path.join(work, 'image'),
    MACHINE: 'board-7',
    MACHINE_ARCH: 'board_7',
    OVERRIDES: `linux:x86-64:pn-${name}`,
    OTA_CONNECT_SOURCES: sources,
    nonarch_libdir: '/usr/lib',
    libdir: '/usr/lib64',
    bindir: '/usr/bin',
    datadir: '/usr/share',
    sysconfdir: '/etc',
    localstatedir: '/var',
    systemd_system_unitdir: '/usr/lib/systemd/system',
    COREBASE: '/core',
  };
  return new Recipe(layer, new Map(Object.entries({ ...surroundings, ...settings }))).parse(
    path.join(layer, file),
  );
}

function unpack(recipe: Recipe): void {
  const work = recipe.get('UNPACKDIR') ?? '';
  mkdirSync(work, { recursive: true });
  for (const uri of (recipe.get('SRC_URI') ?? '').split(' ').filter((one) => one !== '')) {
    execFileSync('tar', ['-C', work, '-xf', uri.replace('file://', '')]);
  }
}

/** Runs do_install; answers the files that are then in the image. */
function installed(recipe: Recipe): readonly string[] {
  const image = recipe.get('D') ?? '';
  mkdirSync(image, { recursive: true });
  const body = recipe.functions.get('do_install')?.body ?? assert.fail('there is no do_install');
  const done = spawnSync('sh', ['-euc', recipe.expand(body)], { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  return globSync('**', { cwd: image })
    .filter((file) => statSync(path.join(image, file)).isFile())
    .map((file) => `/${file}`)
    .sort();
}

function contentOf(recipe: Recipe, file: string): string {
  return readFileSync(`${recipe.get('D')}${file}`, 'utf8');
}

describe('meta-ota-connect', () => {
  it('has recipes, classes and a layer.conf that parse', () => {
    const layerConf = new Recipe(layer, new Map([['LAYERDIR', layer]])).parse(
      path.join(layer, 'conf/layer.conf'),
    );
    const series = layerConf.get('LAYERSERIES_COMPAT_ota-connect')?.split(' ') ?? [];
    assert.ok(series.includes('scarthgap') && series.includes('wrynose'));
    assert.ok(RECIPES.length >= 12);
    for (const file of RECIPES) {
      const recipe = recipeOf(file);
      assert.ok(recipe.get('SUMMARY') && recipe.get('LICENSE') && recipe.get('LIC_FILES_CHKSUM'), file);
      assert.ok(recipe.functions.has('do_install'), file);
    }
    new Recipe(layer, new Map()).parse(path.join(layer, 'classes/sota.bbclass'));
  });

  it('refuses in the check what bitbake would refuse', () => {
    const file = path.join(folder, 'wrong_1.0.bb');
    writeFileSync(file, 'SUMMARY = no quotes\n');
    assert.throws(() => new Recipe(layer, new Map()).parse(file), /does not know/);
  });

  it('has Python that compiles and shell that parses', () => {
    const all = RECIPES.flatMap((file) => [...recipeOf(file).functions]);
    const classes = globSync('classes/*.bbclass', { cwd: layer });
    const more = classes.flatMap((file) => [
      ...new Recipe(layer, new Map()).parse(path.join(layer, file)).functions,
    ]);
    for (const [name, { kind, body }] of [...all, ...more]) {
      const text = kind === 'python' ? `def ${name}(d):\n${body}\n` : body;
      const compile = ['-c', 'import sys; compile(sys.stdin.read(), "recipe", "exec")'];
      const [command, args] = kind === 'python' ? ['python3', compile] : ['sh', ['-n']];
      const done = spawnSync(command as string, args as string[], { input: text, encoding: 'utf8' });
      assert.equal(done.status, 0, `${name}: ${done.stderr}`);
    }
  });

  it('names files that there are, with the licence that they have', () => {
    for (const file of RECIPES) {
      const recipe = recipeOf(file);
      unpack(recipe);
      const [, licence, md5] = /^file:\/\/(.+);md5=(\w+)$/.exec(recipe.get('LIC_FILES_CHKSUM') ?? '') ?? [];
      assert.ok(licence !== undefined, file);
      if (licence.startsWith('/core/')) continue;
      const text = readFileSync(path.join(recipe.get('S') ?? '', licence));
      assert.equal(createHash('md5').update(text).digest('hex'), md5, file);
    }
  });

  it('honours both spellings by which the service is enabled or not', () => {
    const enabled = (settings: Readonly<Record<string, string>>) =>
      recipeOf('recipes-sota/aktualizr/aktualizr_0.1.0.bb', settings).get('SYSTEMD_AUTO_ENABLE:aktualizr');
    assert.equal(enabled({}), 'enable');
    assert.equal(enabled({ SYSTEMD_AUTO_ENABLE_aktualizr: 'disable' }), 'disable');
    assert.equal(enabled({ 'SYSTEMD_AUTO_ENABLE:aktualizr': 'disable' }), 'disable');
    assert.equal(enabled({ 'SYSTEMD_AUTO_ENABLE:pn-aktualizr': 'disable' }), 'disable');
    const both = { SYSTEMD_AUTO_ENABLE_aktualizr: 'disable', 'SYSTEMD_AUTO_ENABLE:aktualizr': 'enable' };
    assert.equal(enabled(both), 'enable');
  });

  it('installs every file into exactly the packages that are named, and commands that run', () => {
    const recipe = recipeOf('recipes-sota/aktualizr/aktualizr_0.1.0.bb');
    unpack(recipe);
    const files = installed(recipe);
    const packages = `${recipe.get('PACKAGES')} aktualizr`.split(/\s+/);
    for (const file of files)
      assert.ok(
        packages.some((name) => owns(recipe, name, file)),
        `nobody has ${file}`,
      );
    assert.ok(files.includes('/usr/lib/ota-connect/device/aktualizr-info.js'));
    const command = contentOf(recipe, '/usr/bin/aktualizr-info');
    assert.match(command, /^#!\/bin\/sh\n[\s\S]*start\.js aktualizr-info "\$@"\n$/);
    const start = `${recipe.get('D')}/usr/lib/ota-connect/device/start.js`;
    assert.match(
      execFileSync(process.execPath, [start, 'aktualizr', '--version'], { encoding: 'utf8' }),
      /^\d/,
    );
  });

  it('sets the limits of the service', () => {
    const limits = {
      RESOURCE_CPU_WEIGHT: '20',
      RESOURCE_MEMORY_MAX: '50%',
      WORKDIR: path.join(folder, 'limited'),
    };
    const recipe = recipeOf('recipes-sota/aktualizr/aktualizr_0.1.0.bb', {
      ...limits,
      D: path.join(folder, 'limits'),
    });
    unpack(recipe);
    installed(recipe);
    const text = contentOf(recipe, '/usr/lib/systemd/system/aktualizr.service.d/10-resource-control.conf');
    assert.match(text, /^CPUWeight=20\nMemoryHigh=150M\nMemoryMax=50%$/m);
  });

  it('puts shared credentials on the image, and leaves them off where that is wanted', () => {
    const archive = path.join(folder, 'credentials.zip');
    writeFileSync(archive, 'zip');
    const files = (deploy: string) => {
      const recipe = recipeOf('recipes-sota/aktualizr/aktualizr-shared-prov_0.1.0.bb', {
        SOTA_PACKED_CREDENTIALS: archive,
        SOTA_DEPLOY_CREDENTIALS: deploy,
        D: path.join(folder, `deploy-${deploy}`),
      });
      unpack(recipe);
      return installed(recipe);
    };
    const place = '/var/sota/sota_provisioning_credentials.zip';
    assert.deepEqual(files('1'), ['/usr/lib/sota/conf.d/20-sota-shared-cred.toml', place]);
    assert.deepEqual(files('0'), ['/usr/lib/sota/conf.d/20-sota-shared-cred.toml']);
    assert.equal(statSync(path.join(folder, 'deploy-1', place)).mode & 0o777, 0o600);
  });

  it('writes fragments whose keys our client knows', () => {
    for (const file of RECIPES.filter((one) => one.includes('/config/') || one.includes('-prov'))) {
      const recipe = recipeOf(file);
      unpack(recipe);
      for (const fragment of installed(recipe)) {
        const args = [aktualizr, '--check-config', '-c', `${recipe.get('D')}${fragment}`];
        const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
        const complaints = stderr.split('\n').filter((line) => line !== '' && !IDENTITY_MISSING.test(line));
        assert.deepEqual(complaints, [], fragment);
      }
    }
  });

  it('passes settings on into the fragments', () => {
    const polling = recipeOf('recipes-sota/config/aktualizr-polling-interval_1.0.bb', {
      SOTA_POLLING_SEC: '77',
    });
    installed(polling);
    assert.equal(
      contentOf(polling, '/usr/lib/sota/conf.d/60-polling-interval.toml'),
      '[uptane]\npolling_sec = 77\n',
    );
    const hardware = recipeOf('recipes-sota/config/aktualizr-hwid_1.0.bb');
    installed(hardware);
    assert.match(contentOf(hardware, '/usr/lib/sota/conf.d/40-hardware-id.toml'), /= "board-7"/);
  });

  it('refuses archives that are not those of the sums', () => {
    const { body } =
      recipeOf('recipes-sota/aktualizr/aktualizr_0.1.0.bb').functions.get('do_verify_sources') ??
      assert.fail('there is no do_verify_sources');
    const other = path.join(folder, 'changed');
    mkdirSync(other);
    for (const name of globSync('{aktualizr-*.tar,SHA256SUMS-*}', { cwd: sources })) {
      writeFileSync(path.join(other, name), readFileSync(path.join(sources, name)));
    }
    const verify = (place: string) =>
      spawnSync('python3', ['-c', `${STAND_IN}\ndef verify():\n${body}\nverify()`, place], {
        encoding: 'utf8',
      });
    assert.equal(verify(other).status, 0, verify(other).stderr);
    writeFileSync(path.join(other, 'aktualizr-0.1.0.tar'), 'changed');
    assert.match(verify(other).stderr, /is not what SHA256SUMS/);
  });

  it('writes the packages of the image as the device reports them', () => {
    const { body } =
      new Recipe(layer, new Map())
        .parse(path.join(layer, 'classes/sota.bbclass'))
        .functions.get('sota_package_manifest') ?? assert.fail('there is no sota_package_manifest');
    mkdirSync(path.join(folder, 'rootfs/usr'), { recursive: true });
    const script = `${PACKAGES_STAND_IN}\ndef write():\n${body}\nwrite()`;
    execFileSync('python3', ['-c', script, path.join(folder, 'rootfs')]);
    assert.equal(
      readFileSync(path.join(folder, 'rootfs/usr/package.manifest'), 'utf8'),
      'busybox 1.36\nlibc6 2.43\n',
    );
  });
});

/** Whether FILES of a package has the file: a folder with all below it, or a pattern. */
function owns(recipe: Recipe, name: string, file: string): boolean {
  const places = (recipe.get(`FILES:${name}`) ?? '').split(/\s+/).filter((place) => place !== '');
  return places.some(
    (place) => file === place || file.startsWith(`${place}/`) || path.matchesGlob(file, place),
  );
}

/** A fragment alone does not say where the server is. */
const IDENTITY_MISSING = /names no server|cannot be read|does not exist|which is missing|is not there/;

const STAND_IN = `
import sys, types
folder = sys.argv[1]
values = {'OTA_CONNECT_SOURCES': folder, 'SRC_URI': 'file://' + folder + '/aktualizr-0.1.0.tar'}
d = types.SimpleNamespace(getVar=values.get)
def fatal(text): raise SystemExit(text)
bb = types.SimpleNamespace(fatal=fatal)
`;

const PACKAGES_STAND_IN = `
import sys, types
d = types.SimpleNamespace(getVar={'IMAGE_ROOTFS': sys.argv[1]}.get)
rootfs = types.ModuleType('oe.rootfs')
rootfs.image_list_installed_packages = lambda d: {'libc6': {'ver': '2.43'}, 'busybox': {'ver': '1.36'}}
sys.modules['oe'] = types.ModuleType('oe')
sys.modules['oe.rootfs'] = rootfs
`;

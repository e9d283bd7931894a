// Every key of the configuration: the original's sections, names, order and defaults, one comment a key.
// `Config`, the reader, the checker and the configuration report are all drawn from this one table, so a key is added
// in one place. Names in the table are the file's; in `Config` they are camelCase. client-features 3.2.
import { choice, flag, integer, path, secret, text, url } from './key-kinds.ts';
import type { ConfigOf } from './key-kinds.ts';

const SOURCES = ['file', 'pkcs11'] as const;

/** Keys that the original does not know. */
const OURS = { ours: true } as const;

export const CONFIG_SCHEMA = {
  logger: {
    loglevel: integer(
      2,
      'Least severity that is logged: 0 trace, 1 debug, 2 info, 3 warning, 4 error, 5 fatal.',
      { min: 0, max: 5 },
    ),
    format: choice(['text', 'json'], 'text', 'Lines for people, or one JSON object a line.', OURS),
  },
  p11: {
    module: path('', 'PKCS#11 library.'),
    pass: secret('', 'PIN of the token.'),
    uptane_key_id: text('', 'Uptane key object, in hexadecimal.'),
    tls_cacert_id: text('', 'TLS CA object, in hexadecimal.', { dumpName: 'tls_ca_id' }),
    tls_pkey_id: text('', 'TLS key object, in hexadecimal.'),
    tls_clientcert_id: text('', 'TLS certificate object, in hexadecimal.'),
  },
  tls: {
    server: url(
      'Device gateway. Empty: from server_url_path, else from the archive at provision.provision_path.',
    ),
    server_url_path: path('', 'File that holds the URL of the device gateway.'),
    ca_source: choice(SOURCES, 'file', 'Where the CA certificate is.'),
    pkey_source: choice(SOURCES, 'file', 'Where the TLS key is.'),
    cert_source: choice(SOURCES, 'file', 'Where the TLS certificate is.'),
  },
  provision: {
    server: url('Where a device asks for its credentials. Empty: tls.server.'),
    p12_password: secret('', 'Password of the shared credentials.'),
    expiry_days: text('36000', 'Validity that the device asks for, in days.'),
    provision_path: path('', 'The archive credentials.zip.'),
    device_id: text('', 'Empty: from the certificate, else a random name.'),
    primary_ecu_serial: text('', 'Empty: the key id of the Primary’s Uptane key.'),
    primary_ecu_hardware_id: text('', 'Empty: the host name.'),
    renew_before_days: integer(
      30,
      'The device renews its certificate that many days before it expires, where the server can. 0: never.',
      { min: 0, max: 36_500, ...OURS },
    ),
    ecu_registration_endpoint: url('Empty: uptane.director_server + /ecus.'),
    mode: choice(
      ['Default', 'SharedCred', 'DeviceCred', 'SharedCredReuse'],
      'Default',
      'Default is SharedCred with a provision_path and DeviceCred without. Reuse keeps the shared key in the archive (test fleets only).',
    ),
  },
  uptane: {
    polling_sec: integer(10, 'Pause between two update cycles, in seconds.', { min: 0, max: 4_294_967_295 }),
    director_server: url('Empty: tls.server + /director.'),
    repo_server: url('Image repository. Empty: tls.server + /repo.'),
    key_source: choice(SOURCES, 'file', 'Where the Uptane key is.'),
    key_type: choice(
      ['RSA2048', 'RSA3072', 'RSA4096', 'ED25519'],
      'RSA2048',
      'Type of a newly generated Uptane key.',
    ),
    force_install_completion: flag(false, 'Reboot by itself after an installation that needs it.'),
    secondary_config_file: path('', 'JSON file with the Secondaries.'),
    secondary_preinstall_wait_sec: integer(600, 'How long an installation waits for Secondaries.', {
      min: 0,
      max: 4_294_967_295,
    }),
    polling_jitter_percent: integer(10, 'By how much of itself each pause differs at random, both ways.', {
      min: 0,
      max: 50,
      ...OURS,
    }),
    polling_max_backoff_sec: integer(
      3600,
      'The longest pause after failures in a row; each failure doubles the pause up to here.',
      { min: 1, max: 604_800, ...OURS },
    ),
    manifest_max_age_sec: integer(
      600,
      'A polling daemon sends an unchanged manifest again when the last one is older. 0: with each poll.',
      { min: 0, max: 4_294_967_295, ...OURS },
    ),
    trust_on_first_use: flag(
      true,
      'Take the first Root of a repository from the server. false: only one that was shipped in the import directory.',
      OURS,
    ),
    enable_online_updates: flag(true, 'Poll the servers for updates.', OURS),
    enable_offline_updates: flag(false, 'Take updates from a lockbox on removable media.', OURS),
    offline_updates_source: path('/mnt/offline-updates/', 'Directory where a lockbox appears.', OURS),
    update_lock_file: path(
      '',
      'While another process holds a lock (flock) on this file, nothing is downloaded or installed.',
      OURS,
    ),
    director_full_roles: choice(
      ['auto', 'required', 'off'],
      'auto',
      'Timestamp and Snapshot of the Director: auto remembers a Director that serves them and then insists.',
      { ours: true },
    ),
    repository_map: path(
      '',
      'JSON file that says which repositories have to agree on which images, and where they are (TAP 4). Empty: director_server and repo_server, which agree on everything.',
      { ours: true },
    ),
  },
  pacman: {
    type: text('ostree', 'Package manager.'),
    os: text('', 'OSTree stateroot.'),
    sysroot: path('', 'OSTree sysroot; empty is /.'),
    ostree_server: url('Empty: tls.server + /treehub.'),
    images_path: path('/var/sota/images', 'Downloaded images.'),
    packages_file: path('/usr/package.manifest', 'List of installed packages, lines of name and version.'),
    fake_need_reboot: flag(false, 'The test manager asks for a reboot after each installation.'),
    fake_fail_install: flag(false, 'The package manager none fails each installation, for tests.', OURS),
    script: path('', 'Executable of the package manager script.', OURS),
    script_timeout_sec: integer(3600, 'The longest that one call of that executable may take.', {
      min: 1,
      max: 604_800,
      ...OURS,
    }),
    ostree_command: text('ostree', 'The ostree program.', OURS),
    rauc_command: text('rauc', 'The rauc program.', OURS),
    keep_images: integer(
      2,
      'Images of how many installations an ECU keeps; older ones are deleted by the daemon.',
      {
        min: 0,
        max: 1000,
        ...OURS,
      },
    ),
    booted: choice(['booted', 'staged'], 'booted', 'Which deployment counts as current.', {
      aliases: { '0': 'staged', '1': 'booted' },
    }),
  },
  storage: {
    type: text('sqlite', 'Only sqlite.'),
    path: path('/var/sota', 'Directory of the state.'),
    sqldb_path: path('sql.db', 'Database, relative to path.'),
    uptane_metadata_path: path('metadata', 'Old file storage.'),
    uptane_private_key_path: path('ecukey.der', 'Old file storage.'),
    uptane_public_key_path: path('ecukey.pub', 'Old file storage.'),
    tls_cacert_path: path('root.crt', 'Old file storage.'),
    tls_pkey_path: path('pkey.pem', 'Old file storage.'),
    tls_clientcert_path: path('client.pem', 'Old file storage.'),
  },
  import: {
    base_path: path('/var/sota/import', 'Directory of files that are taken over at start.'),
    uptane_private_key_path: path('', 'Uptane private key, relative to base_path.'),
    uptane_public_key_path: path('', 'Uptane public key, relative to base_path.'),
    tls_cacert_path: path('', 'TLS CA certificate, relative to base_path.'),
    tls_pkey_path: path('', 'TLS key, relative to base_path.'),
    tls_clientcert_path: path('', 'TLS certificate, relative to base_path.'),
  },
  telemetry: {
    report_network: flag(true, 'Send host name, address and MAC of the default route.'),
    report_config: flag(true, 'Send the effective configuration, without its secrets.'),
  },
  bootloader: {
    rollback_mode: choice(
      ['none', 'uboot_generic', 'uboot_masked'],
      'none',
      'Which U-Boot variables are written.',
    ),
    reboot_sentinel_dir: path('/var/run/aktualizr-session', 'Directory that a reboot empties.'),
    reboot_sentinel_name: path('need_reboot', 'File whose presence says that a reboot is due.'),
    reboot_command: text('/sbin/reboot', 'Run through the shell.'),
  },
  network: {
    curl_proxy: secret('', 'Proxy for everything that is fetched: http://[USER:PASSWORD@]HOST:PORT.', OURS),
    no_proxy: text('', 'Hosts that are asked without the proxy, separated by commas.', OURS),
    curl_bandwidth: integer(0, 'The most bytes a second that images may take; 0 is no limit.', {
      min: 0,
      max: 99_999_999_999,
      ...OURS,
    }),
    use_oscp: flag(false, 'Require a stapled OCSP answer.', OURS),
    parallel_downloads: integer(2, 'How many images are fetched at the same time.', {
      min: 1,
      max: 8,
      ...OURS,
    }),
    stall_bytes_per_second: integer(5000, 'What is slower than this over the whole window has stalled.', {
      min: 0,
      max: 99_999_999_999,
      ...OURS,
    }),
    stall_window_sec: integer(60, 'Length of that window.', { min: 1, max: 86_400, ...OURS }),
  },
  hooks: {
    program: path('', 'Executable that is called before and after each stage and may postpone it.', OURS),
    timeout_sec: integer(60, 'The longest that one call may take.', { min: 1, max: 86_400, ...OURS }),
  },
  health: {
    command: text(
      '',
      'Run through the shell after an installation; exit code 0 says that the version is good.',
      OURS,
    ),
    systemd_target: text('', 'A systemd unit that has to be active before a version is called good.', OURS),
    timeout_sec: integer(60, 'The longest that one run of the command may take.', {
      min: 1,
      max: 86_400,
      ...OURS,
    }),
    grace_sec: integer(300, 'How long a new version may take to become healthy before it is rolled back.', {
      min: 0,
      max: 604_800,
      ...OURS,
    }),
  },
  control: {
    socket: path('/run/aktualizr/control.sock', 'Unix socket of the daemon; empty: none.', OURS),
    group: text('', 'Group that may use the socket; empty: the daemon’s own user alone.', OURS),
    dbus: choice(
      ['auto', 'required', 'off'],
      'auto',
      'Whether the daemon shows itself on the system bus.',
      OURS,
    ),
  },
} as const;

type Sections = ConfigOf<typeof CONFIG_SCHEMA>;

/** The effective configuration. `pacman.extra` holds the keys that only a particular package manager knows, by their file names. */
export type Config = Omit<Sections, 'pacman'> & {
  readonly pacman: Sections['pacman'] & { readonly extra: ReadonlyMap<string, string> };
};

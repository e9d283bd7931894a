'use strict';
// Before start.js in the single executable: the bundle's files are inside, and the name that the file is called by says
// which command it is (`ln -s aktualizr aktualizr-info`).
const { basename } = require('node:path');
const sea = require('node:sea');

const inside = new Set(sea.getAssetKeys());
globalThis.otaConnectFile = (name) => (inside.has(name) ? Buffer.from(sea.getRawAsset(name)) : undefined);
const called = basename(process.argv0);
process.argv.splice(2, 0, inside.has(`${called}.js`) || called === 'aktualizr' ? called : 'aktualizr');

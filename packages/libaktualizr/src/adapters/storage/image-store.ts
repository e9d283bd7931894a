// Which file of pacman.images_path holds which target. The original fills the two columns used here. client-protocol 10.1.
import type { ImageStore } from '../../ports.ts';
import { textOf } from './database.ts';
import type { Connection } from './database.ts';

export function imageStore(db: Connection): ImageStore {
  return {
    fileName: (target) =>
      textOf(db.get('SELECT filename FROM target_images WHERE targetname = ?', target), 'filename'),
    all: () =>
      db.all('SELECT targetname, filename FROM target_images ORDER BY rowid').map((row) => ({
        targetName: textOf(row, 'targetname') ?? '',
        fileName: textOf(row, 'filename') ?? '',
      })),
    saveFileName: (target, fileName) =>
      db.run('INSERT OR REPLACE INTO target_images(targetname, filename) VALUES(?, ?)', target, fileName),
    remove: (target) => db.run('DELETE FROM target_images WHERE targetname = ?', target),
  };
}

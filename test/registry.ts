/** A registry of npm packages that lie in folders, on this machine, for tests of what npm installs. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { create } from 'tar';

interface Manifest {
  readonly name: string;
  readonly version: string;
}

/** Serves packages until `close` is called. */
export async function serveRegistry(
  folders: readonly string[],
): Promise<{ readonly url: string; close(): void }> {
  const packages = new Map<string, { readonly manifest: Manifest; readonly tarball: Buffer }>();
  for (const folder of folders) {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
    const parts: Uint8Array[] = [];
    for await (const part of create({ gzip: true, cwd: folder, prefix: 'package' }, readdirSync(folder)))
      parts.push(part);
    packages.set(manifest.name, { manifest, tarball: Buffer.concat(parts) });
  }
  const server = createServer(({ url = '' }, response) => {
    const [, name = '', file] = url.split('/');
    const found = packages.get(name);
    if (!found) response.writeHead(404).end('{}');
    else if (file !== undefined) response.end(found.tarball);
    else response.end(JSON.stringify(about(found)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const about = ({ manifest, tarball }: { manifest: Manifest; tarball: Buffer }): object => {
    const { name, version } = manifest;
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
    const dist = { tarball: `${url}${name}/${version}.tgz`, integrity };
    return { name, 'dist-tags': { latest: version }, versions: { [version]: { ...manifest, dist } } };
  };
  return { url, close: () => server.close() };
}

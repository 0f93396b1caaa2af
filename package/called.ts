/** How the package's one command is called from a terminal, and those of the lab. */

export function called(name: string): string {
  return name === 'id' ? 'npx intrinsic-dimension' : `npm run ${name} in intrinsic-dimension-lab`;
}

export const BEFORE_OPTIONS: string = '';

export const QUIETLY: string = '';

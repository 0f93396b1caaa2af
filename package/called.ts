/** How the command of the package, and those of the lab, are called from a terminal. */

export function called(name: string): string {
  return name === 'id' ? 'npx intrinsic-dimension' : `npm run ${name} in intrinsic-dimension-lab`;
}

export const BEFORE_OPTIONS: string = '';

export const QUIETLY: string = '';

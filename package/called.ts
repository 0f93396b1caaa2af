/** How the package's command is called from a terminal. */
export function called(_name: string): string {
  return 'npx intrinsic-dimension';
}

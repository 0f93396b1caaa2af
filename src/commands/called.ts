/** How a command is called from a terminal; the package, which has one command, calls it by its own name. */
export function called(name: string): string {
  return `npm run ${name} --`;
}

/** Mocha's spec reporter, which also writes to a file what passed and failed, and names a test file whose process died. */
const { writeFileSync } = require('node:fs');
const { relative } = require('node:path');
const { Runner, reporters } = require('mocha');

const { EVENT_RUN_END, EVENT_TEST_FAIL } = Runner.constants;

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    /** Full titles with their files, as a set, since a test may fail twice, for example if it throws after its end. */
    const failed = new Set();
    runner.prependListener(EVENT_TEST_FAIL, (test, { uncaught }) => {
      const file = test.file ?? test.parent?.file;
      const where = file ? relative('.', file) : 'unknown file';
      failed.add(`${test.fullTitle()} (${where})`);
      if (uncaught && file) test.title += `, of ${where}`;
    });
    runner.once(EVENT_RUN_END, () => {
      const { passes } = this.stats;
      writeFileSync(options.reporterOptions.file, JSON.stringify({ passed: passes, failed: [...failed] }));
    });
  }
};

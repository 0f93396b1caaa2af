/** Mocha's spec reporter, and in a file what passed and failed; a file of tests whose process died is named. */
const { writeFileSync } = require('node:fs');
const { relative } = require('node:path');
const { Runner, reporters } = require('mocha');

const { EVENT_RUN_END, EVENT_TEST_FAIL } = Runner.constants;

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    /** Full titles with their files. A test may fail twice, as when it ends and then throws. */
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

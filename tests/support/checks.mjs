// Counts named checks and prints the line every part of ./test ends with: "<part>: N passed, M failed".
export class Checks {
  constructor(part) {
    this.part = part;
    this.passed = 0;
    this.failed = [];
    this.verbose = Boolean(process.env.VERBOSE);
  }

  check(name, condition, detail) {
    if (condition) {
      this.passed += 1;
      if (this.verbose) console.log(`  ok   ${name}`);
    } else {
      this.failed.push(name);
      const text = detail === undefined ? '' : `\n       ${typeof detail === 'string' ? detail : JSON.stringify(detail)}`;
      console.log(`  FAIL ${name}${text.slice(0, 2000)}`);
    }
    return Boolean(condition);
  }

  equal(name, actual, expected) {
    const same = JSON.stringify(actual) === JSON.stringify(expected);
    return this.check(name, same, `expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
  }

  // Runs a step; an exception is one failed check and does not stop the steps after it.
  async step(name, run) {
    try {
      return await run();
    } catch (error) {
      this.check(name, false, error?.stack ?? String(error));
      return undefined;
    }
  }

  finish() {
    console.log(`${this.part}: ${this.passed} passed, ${this.failed.length} failed`);
    process.exitCode = this.failed.length > 0 || this.passed === 0 ? 1 : 0;
    // What a step that failed left open must not hold up the parts after it.
    setTimeout(() => process.exit(), 20_000).unref();
    return process.exitCode === 0;
  }
}

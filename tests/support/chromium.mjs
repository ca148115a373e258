// A real browser for the tests. On a busy machine a page, a password or a picture takes long; a test must not fail for that.
import { chromium } from 'playwright-core';

export async function open_chromium(...args) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', ...args], timeout: 300_000,
  });
  const open = browser.newContext.bind(browser);
  browser.newContext = async (options) => {
    const context = await open(options);
    context.setDefaultTimeout(300_000);
    return context;
  };
  return browser;
}

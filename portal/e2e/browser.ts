/**
 * A browser that looks over its own shoulder: whatever a page writes to its console, and what axe finds on it, fails the test.
 *
 * ```ts
 * const portal = await Portal.open();
 * test('…', async () => {
 *   const page = await portal.as('meridian', '/rules');
 *   await page.getByRole('heading', { level: 1 }).waitFor();
 *   await portal.checked(page);
 * });
 * after(() => portal.close());
 * ```
 */

import assert from 'node:assert/strict';
import { readFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { chromium, type Browser, type BrowserContext, type Download, type Page } from 'playwright-core';
import type { AxeResults } from 'axe-core';

import { Server } from './server.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SHOTS = path.resolve(import.meta.dirname, '../screenshots');

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 360, height: 740 };

/** What a browser is started with. */
export const LAUNCH = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
};

/** The browser that all test files share, each with windows of its own; one for this file where it runs alone. */
const open = () => {
  const shared = process.env.TIERLINE_BROWSER;
  return shared === undefined ? chromium.launch(LAUNCH) : chromium.connect(shared);
};

/** How a page is opened. */
export interface Look {
  viewport?: { width: number; height: number };
  dark?: boolean;
  locale?: string;
}

/** What a file that was saved holds. The browser may run elsewhere, so it is read through it. */
export async function textOf(download: Download): Promise<string> {
  return text(await download.createReadStream());
}

/** What axe finds on a page, and whether the page changed meanwhile. */
async function looked(page: Page): Promise<{ violations: AxeResults['violations']; isChanged: boolean }> {
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: (how: object) => Promise<AxeResults> } };
    const isOnItsWay = () => document.getAnimations().some(one => one instanceof CSSTransition);
    // A colour that is on its way to another one is neither. Asked here and frame by frame: what was at rest a moment ago, when
    // somebody else asked, may have been let go since.
    do await new Promise(requestAnimationFrame);
    while (isOnItsWay());
    let isChanged = false;
    const observer = new MutationObserver(() => (isChanged = true));
    observer.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
    // What it found well is not told, and nobody asks for paths to what it did not: that is half of its time.
    const { violations } = await axe.run({ resultTypes: ['violations'], selectors: false });
    observer.disconnect();
    isChanged ||= isOnItsWay();
    // The library's guards at the ends of a focus trap are hidden and hand the focus on at once: nobody comes to rest on one.
    for (const one of violations) {
      if (one.id !== 'aria-hidden-focus') continue;
      one.nodes = one.nodes.filter(node => !node.html.includes('data-tabster-dummy'));
    }
    return { violations: violations.filter(one => one.nodes.length > 0), isChanged };
  });
}

export class Portal {
  /** What pages said that they should not have. */
  private readonly said = new Map<Page, string[]>();

  private constructor(
    readonly server: Server,
    private readonly browser: Browser,
  ) {}

  /** A server and a browser; `close` ends both. */
  static async open(server?: Server): Promise<Portal> {
    const [there, browser] = await Promise.all([server ?? Server.start(), open()]);
    return new Portal(there, browser);
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
  }

  /** A browser window of nobody yet, with storage of its own. */
  async window(look: Look = {}): Promise<BrowserContext> {
    const context = await this.browser.newContext({
      baseURL: this.server.base,
      viewport: look.viewport ?? DESKTOP,
      colorScheme: look.dark === true ? 'dark' : 'light',
      locale: look.locale ?? 'en-GB',
      reducedMotion: 'reduce',
    });
    context.setDefaultTimeout(15_000);
    context.on('page', page => this.watch(page));
    // The compiler of the tests names their functions by this; those that run in a page find it there.
    await context.addInitScript('globalThis.__name = of => of;');
    return context;
  }

  private watch(page: Page): void {
    const said: string[] = [];
    this.said.set(page, said);
    page.on('console', message => {
      if (message.type() === 'error' || message.type() === 'warning') said.push(`${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', error => said.push(`uncaught: ${error.message}`));
  }

  /**
   * A page in which somebody of the demo program is signed in by a click, at a place of the portal. A customer's administrator is
   * named with `customer:` before its short name.
   */
  async as(who: string, at: string, look: Look = {}): Promise<Page> {
    const context = await this.window(look);
    const isCustomer = who.startsWith('customer:');
    const handle = who.replace('customer:', '');
    const found = await this.server.principals(isCustomer ? handle : undefined);
    const whose = found.find(one => one.handle === handle);
    const access = whose?.accessTokenPortal ?? whose?.accessTokenUser;
    assert.ok(access, `nobody of the demo program is called ${who}`);
    const session = JSON.stringify({
      by: 'click',
      access,
      until: Date.now() + 3_600_000,
      plays: { handle, isCustomer },
    });
    // What a click leaves in the tab, so that each test begins where it is about something. An empty page keeps nothing.
    await context.addInitScript(text => {
      if (window.location.protocol !== 'http:') return;
      if (window.sessionStorage.getItem('tierline.session') !== null) return;
      window.sessionStorage.setItem('tierline.session', text);
    }, session);
    const page = await context.newPage();
    await page.goto(`/portal${at}`);
    return page;
  }

  /** What a page is expected to say, such as the browser's own line on an answer of 409, is forgotten. */
  forgive(page: Page, pattern: RegExp): void {
    const said = this.said.get(page) ?? [];
    said.push(...said.splice(0).filter(line => !pattern.test(line)));
  }

  /** Fails where the page wrote to its console. */
  silent(page: Page): void {
    assert.deepEqual(this.said.get(page), [], `the console of ${page.url()}`);
  }

  /** Fails where the page wrote to its console, or axe finds something serious on it. */
  async checked(page: Page): Promise<void> {
    this.silent(page);
    // Past the policy of the page: the tester's script is no part of it. It stays until another page is loaded.
    if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
    let found = await looked(page);
    // What changed while it was looked at was seen half before and half after: it is looked at again.
    for (let again = 0; found.isChanged && found.violations.length > 0 && again < 5; again++)
      found = await looked(page);
    const serious = found.violations
      .filter(one => one.impact === 'serious' || one.impact === 'critical')
      .map(
        one =>
          `${one.id}: ${one.help}: ${one.nodes.map(node => `${node.html} (${node.failureSummary ?? ''})`).join('\n  ')}`,
      );
    assert.deepEqual(serious, [], `accessibility of ${page.url()}`);
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.ok(overflow <= 0, `${page.url()} is ${overflow} px wider than its window`);
  }

  /**
   * Pictures of a place as somebody sees it, light and dark, at a desk and on a phone, each of them checked. `ready` waits until
   * there is something to see.
   */
  async shots(name: string, who: string, at: string, ready: (page: Page) => Promise<unknown>): Promise<void> {
    mkdirSync(SHOTS, { recursive: true });
    for (const [size, viewport] of [
      ['desktop', DESKTOP],
      ['phone', PHONE],
    ] as const) {
      const page = await this.as(who, at, { viewport });
      await ready(page);
      for (const theme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme: theme });
        await page.locator(`.portal[data-theme=${theme}]`).waitFor();
        await this.checked(page);
        await page.screenshot({ path: path.join(SHOTS, `${name}-${theme}-${size}.png`) });
      }
      await page.context().close();
    }
  }
}

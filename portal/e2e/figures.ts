/**
 * The portal's figures: how long a browser is busy with many rows and boxes. Fails above a limit. Run on a machine that does
 * nothing else, against the program as it ships: `cargo xtask soak "the portal's figures"`.
 */

import { Portal } from './browser.ts';
import { serverOf } from './many.ts';

const portal = await Portal.open(
  await serverOf([
    { provider: 'large', resellers: 20, customers: 10_000 },
    { provider: 'wide', resellers: 60, customers: 1_938 },
  ]),
);
const over: string[] = [];

function figure(what: string, value: number, limit: number, unit: string): void {
  if (!(value <= limit)) over.push(what);
  console.log(`${what}: ${value.toFixed(0)} ${unit} of ${limit}${value <= limit ? '' : ', too much'}`);
}

/** Milliseconds from the navigation until the page answers: what is looked for is drawn, and no task runs. */
const INTERACTIVE = `new Promise(done => {
  const look = () => document.querySelector(SELECTOR) === null
    ? requestAnimationFrame(look)
    : requestAnimationFrame(() => setTimeout(() => done(performance.now())));
  look();
})`;

async function interactive(who: string, at: string, selector: string) {
  // The first visit fills nothing: each page has storage of its own.
  const page = await portal.as(who, at);
  const took = await page.evaluate<number>(INTERACTIVE.replace('SELECTOR', JSON.stringify(selector)));
  return { page, took };
}

try {
  const list = await interactive('large', '/customers', '[role=row][data-index]');
  figure('the list of customers is interactive after', list.took, 1_000, 'ms');
  const scrolled = await list.page.evaluate(async () => {
    const grid = document.querySelector('[role=grid]');
    if (grid === null) throw new Error('there is no list');
    const tasks: number[] = [];
    const seen = new PerformanceObserver(entries => tasks.push(...entries.getEntries().map(one => one.duration)));
    seen.observe({ type: 'longtask' });
    let rows = 0;
    const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
    const step = async (top: number) => {
      grid.scrollTop = top;
      await frame();
      rows = Math.max(rows, grid.querySelectorAll('[role=row]').length);
    };
    // Down as it comes, and up again over all of it.
    while (Number(grid.getAttribute('aria-rowcount')) <= 10_000) await step(grid.scrollHeight);
    const count = Number(grid.getAttribute('aria-rowcount')) - 1;
    for (let top = grid.scrollHeight; top > 0; top -= 600) await step(top);
    await frame();
    tasks.push(...seen.takeRecords().map(one => one.duration));
    return { count, rows, longest: Math.max(0, ...tasks) };
  });
  console.log(`${scrolled.count} customers went by`);
  figure('most rows in the page', scrolled.rows, 60, 'rows');
  figure('the longest task while scrolling', scrolled.longest, 100, 'ms');
  await list.page.context().close();

  const map = await interactive('wide', '/map', '[data-box]');
  figure('the map is interactive after', map.took, 1_000, 'ms');
  const opened = await map.page.evaluate(async () => {
    const button = [...document.querySelectorAll('button')].find(one => one.textContent === 'Open all clusters');
    const began = performance.now();
    button?.click();
    await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
    return {
      took: performance.now() - began,
      boxes: document.querySelector('[data-boxes]')?.getAttribute('data-boxes'),
    };
  });
  console.log(`${opened.boxes ?? 'no'} boxes`);
  figure('all of them are laid out and drawn in', opened.took, 1_000, 'ms');
} finally {
  await portal.close();
}
process.exit(over.length);

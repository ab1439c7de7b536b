/** The pictures of the README: `npm run pictures` writes docs/pictures anew, against the program that was built last. */

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';

import { Portal } from './browser.ts';

const PLACE = path.resolve(import.meta.dirname, '../../docs/pictures');
const WIDTH = 1280;

/** Writes what a page shows as WebP, which the browser itself makes of it. */
async function save(page: Page, name: string): Promise<void> {
  const shot = (await page.screenshot()).toString('base64');
  const paper = await (await portal.window()).newPage();
  const made = await paper.evaluate(async png => {
    const image = new Image();
    image.src = `data:image/png;base64,${png}`;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    canvas.getContext('2d')?.drawImage(image, 0, 0);
    return canvas.toDataURL('image/webp', 0.86);
  }, shot);
  const bytes = Buffer.from(made.slice(made.indexOf(',') + 1), 'base64');
  writeFileSync(path.join(PLACE, `${name}.webp`), bytes);
  console.log(`${name}: ${bytes.length} bytes`);
}

const portal = await Portal.open();
try {
  const home = await portal.as('meridian', '/home', { viewport: { width: WIDTH, height: 860 } });
  await home.locator('[data-matter]').first().waitFor();
  await save(home, 'home');
  const map = await portal.as('operator', '/map', { viewport: { width: WIDTH, height: 860 } });
  await map.locator('[data-box=operator]').waitFor();
  await save(map, 'map');

  // A customer that is new, and whose agreement nobody has confirmed.
  await portal.server.command('harbor', 'create_customer', {
    id: 'cascade-optics',
    name: 'Cascade Optics LLC',
    country: 'US',
    domain: 'cascade-optics.example',
    email: 'office@cascade-optics.example',
  });
  const deal = new URLSearchParams({ customer: 'cascade-optics', item: 'desk-standard', quantity: '5' });
  const desk = await portal.as('harbor', `/deal?${deal}`, { viewport: { width: WIDTH, height: 1480 } });
  await desk.locator('[data-current=true]').waitFor();
  await desk.locator('[data-decision=refused]').waitFor();
  await save(desk, 'deal');
} finally {
  await portal.close();
}

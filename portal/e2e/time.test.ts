import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Portal } from './browser.ts';

let portal: Portal;
before(async () => {
  portal = await Portal.open();
});
after(() => portal.close());

test('time moves by a day, to a date and to the next event, and tells what fell due', async () => {
  const page = await portal.as('meridian', '/time');
  await page.locator('[data-clock^="2026-01-15T12:00:00"]').waitFor();
  await page.getByRole('grid', { name: 'What falls due next' }).waitFor();
  await portal.checked(page);
  await page.getByRole('button', { name: 'A day', exact: true }).click();
  await page.locator('[data-clock^="2026-01-16T12:00:00"]').waitFor();
  await page.locator('[data-moved]').waitFor();
  const until = page.getByLabel('Until');
  await until.fill('2026-02-03');
  await page.getByRole('button', { name: 'Move there' }).click();
  await page.locator('[data-clock^="2026-02-03T00:00:00"]').waitFor();
  await page.getByText('A month is billed').first().waitFor();
  await page.getByRole('tab', { name: 'Done' }).click();
  await page.getByRole('grid', { name: 'What was done last' }).waitFor();
  await portal.checked(page);

  // Back in time is refused in the server's words, and what was typed stays.
  await until.fill('2026-01-01');
  await page.getByRole('button', { name: 'Move there' }).click();
  await page.locator('[data-trouble]').waitFor();
  assert.equal(await until.inputValue(), '2026-01-01');
  portal.forgive(page, /400/);
  await portal.checked(page);
});

test('a world is forked, lived in and taken back, and the origin stays as it is', async () => {
  const page = await portal.as('harbor', '/time');
  const own = page.locator('[data-world=default]');
  const before = await page.locator('[data-clock]').getAttribute('data-clock');
  // A window that is left gives the focus back to where it was opened.
  await own.getByRole('button', { name: 'Fork' }).click();
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => document.activeElement?.textContent === 'Fork');
  await own.getByRole('button', { name: 'Fork' }).click();
  await page.getByRole('textbox', { name: /Name of the new world/ }).fill('renewal');
  await page.getByRole('dialog').getByRole('button', { name: 'Fork' }).click();
  const fork = page.locator('[data-world=renewal]');
  await fork.getByText('You are here').waitFor();
  await page.getByRole('button', { name: /^Signed in as Harbor Cloud Partners LLC/ }).waitFor();
  await page.getByRole('button', { name: 'A month', exact: true }).click();
  await page.locator('[data-moved]').waitFor();
  await fork.getByRole('button', { name: 'Reset' }).click();
  await page.getByText('This cannot be undone').waitFor();
  await portal.checked(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Reset' }).click();
  await page.locator(`[data-clock="${before ?? ''}"]`).waitFor();
  await own.getByRole('button', { name: 'Go there' }).click();
  await own.getByText('You are here').waitFor();
  await fork.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await fork.waitFor({ state: 'detached' });
  await portal.checked(page);
});

test('pictures', async () => {
  await portal.shots('time', 'operator', '/time', async page => {
    await page.locator('[data-world=default]').waitFor();
    await page.getByRole('grid').waitFor();
  });
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { PHONE, Portal } from './browser.ts';

let portal: Portal;
before(async () => {
  portal = await Portal.open();
});
after(() => portal.close());

test('the rulebook is searched, and a rule tells where it comes from and which cases try it', async () => {
  const page = await portal.as('meridian', '/rules');
  await page.getByRole('grid').waitFor();
  const rows = await page.getByRole('row').count();
  assert.ok(rows <= 60, `${rows} rows of 540 are in the page`);
  await page.getByRole('searchbox', { name: 'Search by id, words or source' }).fill('scenario 6');
  await page.getByRole('link', { name: 'TXN-601' }).click();
  await page.getByRole('heading', { level: 1, name: 'TXN-601' }).waitFor();
  await page.getByText('founding document — Sample scenario 6').waitFor();
  await page.getByText('scenarios/scenario-6.yaml').first().waitFor();
  await portal.checked(page);

  // Going back finds the search as it was.
  await page.goBack();
  const search = page.getByRole('searchbox', { name: 'Search by id, words or source' });
  await search.waitFor();
  assert.equal(await search.inputValue(), 'scenario 6');
});

test('a list is walked with the keyboard', async () => {
  const page = await portal.as('meridian', '/rules');
  const first = page.getByRole('row', { name: /GEN-001/ });
  await first.focus();
  await page.keyboard.press('End');
  const index = page.getByRole('grid').locator('[data-index="539"]');
  await index.waitFor();
  await page.waitForFunction(() => document.activeElement?.getAttribute('data-index') === '539');
  await page.keyboard.press('Home');
  await page.waitForFunction(() => document.activeElement?.getAttribute('data-index') === '0');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'GEN-001' }).waitFor();
});

test('the texts of rules come in Japanese', async () => {
  const page = await portal.as('kita', '/rules/TXN-601', { locale: 'ja-JP', viewport: PHONE });
  await page.getByText('同じプロバイダーと新しい関係に入ることができない').waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'ja');
  await portal.checked(page);
});

test('a rule that is not there is told of', async () => {
  const page = await portal.as('meridian', '/rules/XXX-999');
  await page.getByText('It does not exist, or is not yours to see').waitFor();
  portal.forgive(page, /404/);
  await portal.checked(page);
});

test('pictures', async () => {
  await portal.shots('rules', 'meridian', '/rules', page => page.getByRole('row', { name: /GEN-001/ }).waitFor());
  await portal.shots('rule', 'meridian', '/rules/TXN-601', page => page.getByText('scenario-6.yaml').first().waitFor());
});

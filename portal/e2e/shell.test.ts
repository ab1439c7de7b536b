import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { PHONE, Portal } from './browser.ts';

let portal: Portal;
before(async () => {
  portal = await Portal.open();
});
after(() => portal.close());

test('one click on a sandbox changes who I am, and with it the screens', async () => {
  const page = await portal.as('meridian', '/');
  await page.getByRole('heading', { level: 1 }).waitFor();
  const who = page.getByRole('button', { name: /^Signed in as Meridian Distribution Inc\. Indirect provider/ });
  await who.click();
  await page.getByText('admin@meridian.example').waitFor();
  await page.getByRole('searchbox', { name: 'Find a company' }).fill('cedar');
  await page.locator('[data-handle=cedar]').click();
  await page.getByRole('button', { name: /^Signed in as Cedar Valley IT LLC Indirect reseller/ }).waitFor();
  // A customer is found by its short name; one that is not there is told of and changes nothing.
  await page.getByRole('button', { name: /^Signed in as Cedar/ }).click();
  const customer = page.getByRole('textbox', { name: 'A customer, by its short name' });
  await customer.fill('nobody-at-all');
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await page.getByText('Nobody is called so').waitFor();
  await customer.fill('red-rock-dental');
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await page.getByRole('button', { name: /^Signed in as Red Rock Dental LLC Customer/ }).waitFor();
  portal.forgive(page, /404/);
  await portal.checked(page);
  await page.getByRole('button', { name: /^Signed in as Red Rock/ }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
});

test('language and appearance are chosen, and kept', async () => {
  const page = await portal.as('meridian', '/rules');
  await page.getByRole('button', { name: 'Language: 日本語' }).click();
  await page.getByRole('heading', { level: 1, name: 'ルール' }).waitFor();
  await page.getByRole('button', { name: '外観' }).click();
  await page.getByRole('menuitemradio', { name: 'ダーク' }).click();
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'ルール' }).waitFor();
  const ground = await page.evaluate(
    () => window.getComputedStyle(document.querySelector('main') ?? document.body).color,
  );
  assert.match(ground, /rgb\(2\d\d, 2\d\d, 2\d\d\)/);
  await portal.checked(page);
});

test('on a phone the screens are in a drawer', async () => {
  const page = await portal.as('meridian', '/rules', { viewport: PHONE });
  await page.getByRole('button', { name: 'Open the menu' }).click();
  const menu = page.getByRole('navigation', { name: 'Screens' });
  await menu.waitFor();
  await portal.checked(page);
  await menu.getByRole('link', { name: 'Time' }).click();
  await page.getByRole('heading', { level: 1, name: 'Time' }).waitFor();
  await menu.waitFor({ state: 'detached' });
});

test('a screen that is not there or not for me says so', async () => {
  const page = await portal.as('meridian', '/nowhere');
  await page.getByText('There is no such page').waitFor();
  await page.goto('/portal/operator');
  await page.getByText('There is no such page').waitFor();
  await portal.checked(page);
});

test('a lost connection loses nothing and goes on', async () => {
  const page = await portal.as('meridian', '/time');
  const until = page.getByLabel('Until');
  await until.fill('2026-02-01');
  await page.context().setOffline(true);
  await page.getByRole('button', { name: 'Move there' }).click();
  await page.locator('[data-trouble=lost]').first().waitFor();
  assert.equal(await until.inputValue(), '2026-02-01');
  portal.forgive(page, /ERR_INTERNET_DISCONNECTED/);
  await portal.checked(page);
  await page.context().setOffline(false);
  // What was only looked at comes by itself; what was to be done waits for a word.
  await page.waitForFunction(() => document.querySelectorAll('[data-trouble=lost]').length === 1);
  await page.locator('[data-trouble=lost]').getByRole('button', { name: 'Try again' }).click();
  await page.locator('[data-clock^="2026-02-01T00:00:00"]').waitFor();
});

const PROFILE = '/customers/juniper-bakery?tab=profile';

test('a server that dies while somebody types is waited for, and what was typed is sent when it is back', async () => {
  const mortal = await Portal.open();
  try {
    const page = await mortal.as('harbor', PROFILE);
    const city = page.getByRole('textbox', { name: 'City' });
    await city.fill('Tacoma');
    await mortal.server.kill();
    await page.getByRole('button', { name: 'Save the profile' }).click();
    await page.locator('[data-trouble=lost]').waitFor();
    await page.locator('[data-notice=lost]').waitFor();
    assert.equal(await city.inputValue(), 'Tacoma');
    mortal.forgive(page, /ERR_CONNECTION/);
    await mortal.checked(page);
    await mortal.server.revive();
    await page.locator('[data-trouble=lost]').getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Saved.').waitFor();
    assert.equal(await city.inputValue(), 'Tacoma');
    await page.locator('[data-notice=lost]').waitFor({ state: 'detached' });
    mortal.forgive(page, /ERR_CONNECTION/);
    await mortal.checked(page);
  } finally {
    await mortal.close();
  }
});

test('a token that counts no longer is renewed while somebody works, and nobody notices', async () => {
  const page = await portal.as('harbor', PROFILE);
  const city = page.getByRole('textbox', { name: 'City' });
  await city.fill('Spokane');
  // Every token that was issued until now ends with its key.
  const { server } = portal;
  await server.call('POST', '/program/v1/signing-keys', await server.token('operator'), { revoke: true });
  const refused = page.waitForResponse(answer => answer.status() === 401);
  await page.getByRole('button', { name: 'Save the profile' }).click();
  await refused;
  await page.getByText('Saved.').waitFor();
  assert.equal(await city.inputValue(), 'Spokane');
  portal.forgive(page, /401/);
  await portal.checked(page);
});

test('a name that is taken is told of beside what was typed', async () => {
  const page = await portal.as('operator', '/time');
  await page.locator('[data-world=default]').getByRole('button', { name: 'Fork' }).click();
  const name = page.getByRole('textbox', { name: /Name of the new world/ });
  await name.fill('default');
  await page.getByRole('dialog').getByRole('button', { name: 'Fork' }).click();
  await page.locator('[data-trouble]').waitFor();
  assert.equal(await name.inputValue(), 'default');
  portal.forgive(page, /4\d\d/);
  await portal.checked(page);
});

test('what others wrote is shown as text', async () => {
  const page = await portal.as('operator', '/rules?search=%3Cscript%3Ealert(1)%3C/script%3E');
  await page.getByText('Nothing fits the search').waitFor();
  await portal.checked(page);
});

test('the page that is served runs nothing foreign', async () => {
  const answer = await fetch(`${portal.server.base}/portal/rules`, { headers: { 'Accept-Encoding': 'gzip' } });
  const policy = answer.headers.get('content-security-policy') ?? '';
  assert.match(policy, /script-src 'self';/);
  assert.doesNotMatch(policy, /unsafe/);
  const html = await answer.text();
  assert.doesNotMatch(html, /<style|<script>|style=|\son[a-z]+=/);
  const script = /src="(\/portal\/assets\/[^"]+\.js)"/.exec(html)?.[1] ?? '';
  const file = await fetch(`${portal.server.base}${script}`, { headers: { 'Accept-Encoding': 'br' } });
  assert.equal(file.headers.get('content-encoding'), 'br');
  assert.match(file.headers.get('cache-control') ?? '', /immutable/);
  const begin = await fetch(portal.server.base, { redirect: 'manual' });
  assert.equal(begin.headers.get('location'), '/portal/');
});

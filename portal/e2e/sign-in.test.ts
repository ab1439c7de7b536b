import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';

import { Portal, PHONE } from './browser.ts';
import { Server } from './server.ts';
import { totp } from './totp.ts';

/** A server in production, on a program that was laid as a demo: nobody can be played there. */
let portal: Portal;
let context: BrowserContext;
const NAME = 'admin@meridian.example';
const CHOSEN = 'correct horse battery staple';
/** The key of the second factor, once it is set up. */
let key = '';

before(async () => {
  const demo = await Server.start(['--demo']);
  await demo.stop(true);
  portal = await Portal.open(await Server.start([], demo.directory));
  context = await portal.window();
});
after(() => portal.close());

/** A token of the operator, who is at the machine itself. */
const operator = (): string =>
  portal.server.cli('keys', 'token', '--data-dir', portal.server.directory, '--public-url', portal.server.base);

/** A first password of the user, as an administrator sets it. */
async function firstPassword(token: string): Promise<string> {
  const made = await portal.server.call('POST', '/program/v1/users/admin.meridian/password', token, {});
  return (made as { password: string }).password;
}

async function withdrawn(): Promise<string> {
  const token = operator();
  const first = await firstPassword(token);
  await portal.server.call('POST', '/program/v1/signing-keys', token, { revoke: true });
  return first;
}

async function begun(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sign in with your account' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.getByLabel('User name').waitFor();
}

async function named(page: Page, password: string): Promise<void> {
  await page.getByLabel('User name').fill(NAME);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

test('a user signs in with a first password and sets up a second factor, without consent to the portal', async () => {
  const first = await firstPassword(operator());
  const page = await context.newPage();
  await page.goto('/portal/rules/TXN-601');
  await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  assert.equal(
    await page.getByText('Play somebody of this sandbox').count(),
    0,
    'there is nobody to play in production',
  );
  await portal.checked(page);
  await begun(page);
  await named(page, first);
  await page.getByLabel('New password', { exact: true }).fill(CHOSEN);
  await page.getByLabel('New password again').fill(CHOSEN);
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByRole('heading', { name: 'Set up your second factor' }).waitFor();
  key = await page.locator('.key code').innerText();
  await page.getByLabel('Six digits').fill(totp(key));
  await page.getByRole('button', { name: 'Confirm' }).click();
  // Back where the sign-in began.
  await page.getByRole('heading', { level: 1, name: 'TXN-601' }).waitFor();
  await page.getByRole('button', { name: /^Signed in as Meridian/ }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'Time' }).count(), 0, 'time is not moved in production');
  await portal.checked(page);
});

test('a wrong code goes no further, and a cancelled sign-in changes nothing', async () => {
  const page = await context.newPage();
  await page.goto('/portal/');
  await begun(page);
  await named(page, CHOSEN);
  await page.getByLabel('Six digits').fill('000000');
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByText('This code is wrong').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('The sign-in was cancelled').waitFor();
  await portal.checked(page);
});

test('a session that is withdrawn while somebody types is signed in again, and the work goes on', async () => {
  const page = context.pages()[0];
  assert.ok(page);
  await page.goto('/portal/customers/canyon-robotics?tab=profile');
  const city = page.getByRole('textbox', { name: 'City' });
  await city.fill('Flagstaff');
  // An administrator sets another first password, which withdraws every sign-in, and the keys of all tokens are changed.
  const first = await withdrawn();
  await page.getByRole('button', { name: 'Save the profile' }).click();
  await page.getByRole('heading', { level: 2, name: 'You were signed out' }).waitFor();
  portal.forgive(page, /40[01]/);
  await portal.checked(page);
  const [popup] = await Promise.all([
    context.waitForEvent('page'),
    page.getByRole('button', { name: 'Sign in again' }).click(),
  ]);
  await named(popup, first);
  await popup.getByLabel('New password', { exact: true }).fill(`${CHOSEN} again`);
  await popup.getByLabel('New password again').fill(`${CHOSEN} again`);
  await popup.getByRole('button', { name: 'Change password' }).click();
  // Each step of the clock counts once: this is the next.
  await popup.getByLabel('Six digits').fill(totp(key, 1));
  await popup.getByRole('button', { name: 'Confirm' }).click();
  // What was sent when the session was withdrawn is done now, with what was typed.
  await page.getByText('Saved.').waitFor();
  assert.equal(await city.inputValue(), 'Flagstaff');
  portal.forgive(page, /40[01]/);
  await portal.checked(page);
});

test('an operator comes with a token', async () => {
  const page = await (await portal.window({ viewport: PHONE })).newPage();
  await page.goto('/portal/');
  await page.getByText('Use a token instead').click();
  await page.getByLabel('Access token').fill(operator());
  await page.getByRole('button', { name: 'Use it' }).click();
  await page.getByRole('button', { name: /^Signed in as The operator/ }).waitFor();
  await portal.checked(page);
});

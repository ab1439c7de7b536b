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
  const token = portal.server.cli(
    'keys',
    'token',
    '--data-dir',
    portal.server.directory,
    '--public-url',
    portal.server.base,
  );
  const made = (await portal.server.call('POST', '/program/v1/users/admin.meridian/password', token, {})) as {
    password: string;
  };
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
  await named(page, made.password);
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

test('a session that ends while somebody works is signed in again, and the work goes on', async () => {
  const page = context.pages()[0];
  assert.ok(page);
  // Neither token counts any longer: what an administrator's withdrawal looks like from here.
  await page.evaluate(() => {
    const text = window.sessionStorage.getItem('tierline.session') ?? '';
    const session = JSON.parse(text) as Record<string, unknown>;
    window.sessionStorage.setItem(
      'tierline.session',
      JSON.stringify({ ...session, access: 'spent', refresh: 'spent' }),
    );
  });
  await page.reload();
  await page.getByRole('heading', { level: 2, name: 'You were signed out' }).waitFor();
  const [popup] = await Promise.all([
    context.waitForEvent('page'),
    page.getByRole('button', { name: 'Sign in again' }).click(),
  ]);
  await named(popup, CHOSEN);
  // Each step of the clock counts once: this is the next.
  await popup.getByLabel('Six digits').fill(totp(key, 1));
  await popup.getByRole('button', { name: 'Confirm' }).click();
  await page.getByRole('heading', { level: 1, name: 'TXN-601' }).waitFor();
  portal.forgive(page, /40[01]/);
  await portal.checked(page);
});

test('an operator comes with a token', async () => {
  const page = await (await portal.window({ viewport: PHONE })).newPage();
  await page.goto('/portal/');
  await page.getByText('Use a token instead').click();
  const token = portal.server.cli(
    'keys',
    'token',
    '--data-dir',
    portal.server.directory,
    '--public-url',
    portal.server.base,
  );
  await page.getByLabel('Access token').fill(token);
  await page.getByRole('button', { name: 'Use it' }).click();
  await page.getByRole('button', { name: /^Signed in as The operator/ }).waitFor();
  await portal.checked(page);
});

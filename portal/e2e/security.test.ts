import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { PHONE, Portal } from './browser.ts';

let portal: Portal;
before(async () => {
  portal = await Portal.open();
});
after(() => portal.close());

test('a partner sees what is amiss, and names its security contact', async () => {
  const page = await portal.as('harbor', '/security');
  await page.getByText('1 of 2').waitFor();
  const bare = page
    .getByRole('listitem')
    .filter({ hasText: 'harbor-nightly@harbor.example signs in without a second factor' });
  await bare.getByText('Required').waitFor();
  await bare.getByRole('link', { name: 'SEC-001' }).waitFor();
  await page.getByText('There is no security contact').waitFor();
  await page.getByRole('grid', { name: 'Calls with a second factor' }).getByText('This portal').waitFor();
  await portal.checked(page);
  const name = page.getByRole('button', { name: 'Name the contact' });
  assert.equal(await name.isDisabled(), true);
  await page.getByRole('textbox', { name: /Security contact/ }).fill('security@harbor.example');
  await name.click();
  await page.getByText('Now it is security@harbor.example.').waitFor();
  assert.equal(await page.getByText('There is no security contact').count(), 0);
  await portal.checked(page);
});

test('an alert of fraud is looked into, turns out to be fraud, and a credit is asked for once', async () => {
  const home = await portal.as('harbor', '/home');
  await home.getByRole('link', { name: 'A machine works for a mining pool' }).click();
  await home.getByRole('heading', { level: 1, name: 'A machine works for a mining pool' }).waitFor();
  await home.getByText('pool.example').waitFor();
  await portal.checked(home);
  const window = home.getByRole('dialog');
  const say = async (name: string) => {
    await home.getByRole('button', { name }).click();
    await portal.checked(home);
    await window.getByRole('button', { name }).click();
    await window.waitFor({ state: 'detached' });
  };
  await say('Look into it');
  await home.getByText('Looked into').waitFor();
  await say('It was fraud');
  await home.getByText('Resolved').first().waitFor();
  await portal.checked(home);
  const alert = home.url();
  await say('Ask for a credit');
  await home.getByRole('heading', { level: 1, name: 'Credit after fraud' }).waitFor();
  await portal.checked(home);

  const again = await portal.as('harbor', new URL(alert).pathname.replace(/^\/portal/, ''));
  await again.getByRole('button', { name: 'Ask for a credit' }).click();
  await again.getByRole('dialog').getByRole('button', { name: 'Ask for a credit' }).click();
  await again.getByRole('link', { name: 'SEC-018' }).first().waitFor();
  portal.forgive(again, /409/);
  await portal.checked(again);
});

test('the operator reports fraud and asks how safely a partner works', async () => {
  const page = await portal.as('operator', '/security');
  await page.getByRole('grid', { name: 'Alerts of fraud' }).getByText('Consumption doubled within a day').waitFor();
  await portal.checked(page);
  await page.getByRole('textbox', { name: /Partner/ }).fill('meridian');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByText('admin@meridian.example is a global admin and does the daily work').waitFor();
  await portal.checked(page);
  await page.getByRole('textbox', { name: /Subscription/ }).fill('sub-canyon-use');
  await page.getByRole('combobox', { name: /Kind/ }).selectOption({ label: 'Unusual machines' });
  await page.getByRole('combobox', { name: /Severity/ }).selectOption('high');
  await page.getByRole('textbox', { name: /Title/ }).fill('Forty machines within a minute');
  await page.getByRole('button', { name: 'Report fraud' }).click();
  await page.getByRole('heading', { level: 1, name: 'Forty machines within a minute' }).waitFor();
  await portal.checked(page);

  const reseller = await portal.as('cedar', '/security?status=active');
  await reseller.getByRole('link', { name: 'Forty machines within a minute' }).click();
  await reseller.getByRole('heading', { level: 1, name: 'Forty machines within a minute' }).waitFor();
  assert.equal(await reseller.getByRole('button', { name: 'It was fraud' }).count(), 0);
  await portal.checked(reseller);
});

test('it fits a phone, in Japanese and in the dark', async () => {
  const page = await portal.as('harbor', '/security', { viewport: PHONE, dark: true, locale: 'ja-JP' });
  await page.getByRole('heading', { level: 1, name: 'セキュリティ' }).waitFor();
  await page.getByRole('heading', { name: '改めるべきこと' }).waitFor();
  await portal.checked(page);
});

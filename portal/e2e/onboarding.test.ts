import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';

import { Portal } from './browser.ts';

let portal: Portal;
before(async () => {
  portal = await Portal.open();
});
after(() => portal.close());

async function confirmed(page: Page, name: string) {
  const window = page.getByRole('dialog');
  await window.getByRole('button', { name, exact: true }).click();
  await window.waitFor({ state: 'detached' });
}

test('from the application to the agreement, the invitation and the first order', async () => {
  const page = await portal.as('bellevue', '/onboarding');
  await page.locator('[data-step=membership][data-done=true]').waitFor();
  await portal.checked(page);
  await page.locator('[data-step=enrolment]').getByRole('button', { name: 'Apply' }).click();
  const window = page.getByRole('dialog');
  // Direct-bill status is not for newcomers: the rules say so before anything is sent.
  await window.getByRole('combobox', { name: 'Role' }).selectOption('direct_bill');
  await window.locator('[data-rule=ENR-002]').waitFor();
  assert.ok(await window.getByRole('button', { name: 'Send the application' }).isDisabled());
  await portal.checked(page);
  await window.getByRole('combobox', { name: 'Role' }).selectOption('indirect_reseller');
  await window.getByText('The application can be sent').waitFor();
  await portal.checked(page);
  await confirmed(page, 'Send the application');
  await page
    .getByText(/Applied|Pending/)
    .first()
    .waitFor();
  await portal.checked(page);

  await portal.server.command('operator', 'decide_verification', {
    partner: 'bellevue',
    accepted: true,
    evidence: 'Register extract of 14 January.',
  });
  await page.reload();
  await page.locator('[data-step=enrolment][data-done=true]').waitFor();
  await page.locator('[data-step=agreement]').getByRole('button', { name: 'Sign the agreement' }).click();
  await portal.checked(page);
  await confirmed(page, 'Sign it');
  await page.locator('[data-step=agreement][data-done=true]').waitFor();
  await page.locator('[data-agreement=Europe]').getByText('Accepted', { exact: true }).waitFor();
  await portal.checked(page);

  // Invited in one session, accepted in another by the link.
  const provider = await portal.as('alpenrand', '/onboarding');
  await provider.getByRole('grid', { name: 'Resellers' }).waitFor();
  await portal.checked(provider);
  await provider.getByRole('button', { name: 'Invite a reseller' }).click();
  await provider.getByRole('dialog').getByRole('textbox', { name: 'Reseller' }).fill('bellevue');
  await portal.checked(provider);
  await confirmed(provider, 'Invite');
  const link = await provider.locator('[data-invited=bellevue] code').textContent();
  await portal.checked(provider);
  await page.goto(link ?? '');
  await window.getByText('You become a reseller of this provider').waitFor();
  assert.ok(await window.getByRole('button', { name: 'Accept', exact: true }).isDisabled());
  await window.getByRole('checkbox').check();
  await portal.checked(page);
  await confirmed(page, 'Accept');
  await page.getByRole('grid', { name: 'Providers' }).getByText('Active').waitFor();
  await portal.checked(page);
  await provider.reload();
  await provider
    .getByRole('row', { name: /Bellevue Informatique SAS/ })
    .getByText('Active')
    .waitFor();

  // A customer of both, and the first order with the new reseller of record.
  for (const [who, verb, params] of [
    [
      'alpenrand',
      'create_customer',
      {
        id: 'first-customer',
        name: 'Quai Neuf SAS',
        country: 'FR',
        domain: 'quai-neuf.example',
        email: 'kim@quai-neuf.example',
        for_reseller: 'bellevue',
      },
    ],
    ['alpenrand', 'attest', { customer: 'first-customer' }],
    [
      'alpenrand',
      'order',
      {
        customer: 'first-customer',
        item: 'desk-standard',
        quantity: 3,
        partner_of_record: 'bellevue',
        creates: 'first-order',
      },
    ],
  ] as const) {
    await portal.server.command(who, verb, params);
  }
  await page.goto('/portal/subscriptions/first-order');
  await page.getByRole('heading', { level: 1, name: 'Desk Standard · Quai Neuf SAS' }).waitFor();
  await page.getByText('alpenrand · bellevue').waitFor();
  await portal.checked(page);
});

test('an invitation is declined, another withdrawn', async () => {
  const page = await portal.as('fjordlys', '/onboarding');
  await page.getByRole('button', { name: 'Decline' }).click();
  await page.getByRole('dialog').getByText('The provider is told').waitFor();
  await portal.checked(page);
  await confirmed(page, 'Decline');
  await page.getByText('Declined').first().waitFor();
  await portal.server.command('alpenrand', 'invite_partner', { partner: 'tagus' });
  const provider = await portal.as('alpenrand', '/onboarding');
  await provider.getByRole('row', { name: /tagus/i }).getByRole('button', { name: 'Withdraw' }).click();
  await confirmed(provider, 'Withdraw');
  await provider.getByRole('row', { name: /tagus/i }).getByText('Withdrawn').waitFor();
  await portal.checked(provider);
});

test('a removal spells out its consequences before it is done', async () => {
  const page = await portal.as('meridian', '/onboarding');
  await page
    .getByRole('row', { name: /Cedar Valley IT LLC/ })
    .getByRole('button', { name: 'Remove' })
    .click();
  const window = page.getByRole('dialog');
  await window.locator('[data-consequences]').waitFor();
  await window.getByText(/Red Rock Dental LLC: nothing more can be ordered/).waitFor();
  await window.getByRole('link', { name: 'REL-009' }).first().waitFor();
  assert.ok(await window.getByRole('button', { name: 'Remove it' }).isDisabled());
  await portal.checked(page);
  await window.getByRole('checkbox').check();
  await confirmed(page, 'Remove it');
  await page
    .getByRole('row', { name: /Cedar Valley IT LLC/ })
    .getByText('Removed')
    .waitFor();
  await portal.checked(page);
});

test('a rejected applicant appeals', async () => {
  const page = await portal.as('ironwood', '/onboarding');
  await page.getByRole('button', { name: 'Appeal' }).click();
  await page.getByRole('dialog').getByRole('textbox', { name: 'Documents' }).fill('business licence');
  await portal.checked(page);
  await confirmed(page, 'Send the documents');
  await page.locator('[data-step=enrolment]').getByRole('button', { name: 'Ask to speed it up' }).waitFor();
  await portal.checked(page);
});

test('pictures', async () => {
  await portal.shots('onboarding', 'larkspur', '/onboarding', page => page.locator('[data-step=agreement]').waitFor());
  await portal.shots('resellers', 'alpenrand', '/onboarding', page => page.getByText('Atelier Seine SAS').waitFor());
  await portal.shots('removal', 'alpenrand', '/onboarding?do=remove_partnership&partner=seine', page =>
    page.locator('[data-consequences]').waitFor(),
  );
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { PHONE, Portal } from './browser.ts';

let portal: Portal;
before(async () => {
  portal = await Portal.open();
});
after(() => portal.close());

test('an enrolment is accepted on its evidence', async () => {
  const page = await portal.as('operator', '/operator');
  await page.getByRole('link', { name: 'Larkspur Hosting LLC' }).waitFor();
  await portal.checked(page);
  await page.getByRole('link', { name: 'Larkspur Hosting LLC' }).click();
  await page.locator('[data-step=enrolment][data-done=false]').waitFor();
  await page.getByRole('textbox', { name: /Evidence/ }).fill('Register entry 4711 agrees with the domain.');
  await portal.checked(page);
  await page.getByRole('button', { name: 'Accept' }).click();
  await page.getByText('The account is verified.').waitFor();
  await page.locator('#portal[inert]').waitFor({ state: 'attached' });
  await portal.checked(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Accept' }).click();
  await page.locator('[data-step=enrolment][data-done=true]').waitFor();
  await page.getByText('Register entry 4711 agrees with the domain.').first().waitFor();
  await portal.checked(page);
  await page.getByRole('link', { name: /Enrolments/ }).click();
  await page.getByText('Nobody waits').waitFor();
  await portal.checked(page);
});

test('an enrolment is rejected with its reasons, which the applicant reads', async () => {
  await portal.server.command('ironwood', 'appeal', { documents: ['licence'] });
  const page = await portal.as('operator', '/operator/enrolments/ironwood');
  await page.getByRole('textbox', { name: /Evidence/ }).fill('The licence names another company.');
  await page.getByRole('button', { name: 'Reject' }).click();
  const window = page.getByRole('dialog');
  await window.getByText('It reads the reasons and may appeal').waitFor();
  await portal.checked(page);
  await window.getByRole('button', { name: 'Reject' }).click();
  await window.waitFor({ state: 'detached' });
  await page.getByText('The licence names another company.').first().waitFor();
  await portal.checked(page);
  const applicant = await portal.as('ironwood', '/onboarding');
  await applicant.getByText('The licence names another company.').first().waitFor();
  await applicant.getByRole('button', { name: 'Appeal' }).waitFor();
  await portal.checked(applicant);
});

test('registers, parameters and the schedule', async () => {
  const page = await portal.as('operator', '/operator?view=affiliations');
  await page.getByRole('grid', { name: 'Affiliations' }).getByText('Harbor Labs LLC').first().waitFor();
  await page.getByRole('textbox', { name: 'Company' }).fill('ORG-HARBOR');
  await page.getByRole('textbox', { name: 'Belongs with' }).fill('nobody-at-all');
  await page.getByRole('button', { name: 'Record an affiliation' }).click();
  await page.locator('[data-trouble]').waitFor();
  assert.equal(await page.getByRole('textbox', { name: 'Belongs with' }).inputValue(), 'nobody-at-all');
  portal.forgive(page, /40[0-9]/);
  await page.getByRole('textbox', { name: 'Belongs with' }).fill('ORG-LARKSPUR');
  await page.getByRole('button', { name: 'Record an affiliation' }).click();
  await page.getByRole('grid', { name: 'Affiliations' }).getByText('ORG-LARKSPUR').waitFor();
  await portal.checked(page);

  await page.getByRole('tab', { name: 'Parameters' }).click();
  await page
    .getByRole('row', { name: /Region of Guam/ })
    .getByText('12 Oct 2023')
    .waitFor();
  await portal.checked(page);
  await page.getByRole('tab', { name: 'Waivers' }).click();
  await page.getByText('No waiver').waitFor();
  await portal.checked(page);
  const window = page.getByRole('dialog');
  await page.getByRole('textbox', { name: 'Waiver' }).fill('harbor-2026');
  await page.getByRole('textbox', { name: 'Company' }).fill('ORG-HARBOR');
  await page.getByLabel('From').fill('2026-01-01');
  await page.getByLabel('Until').fill('2025-12-31');
  await page.getByRole('button', { name: 'Grant a waiver' }).click();
  await page.getByText('until: is not before').first().waitFor();
  assert.equal(await page.getByRole('textbox', { name: 'Waiver' }).inputValue(), 'harbor-2026');
  portal.forgive(page, /400/);
  await portal.checked(page);
  await page.getByLabel('Until').fill('2026-12-31');
  await page.getByRole('button', { name: 'Grant a waiver' }).click();
  await page.getByRole('grid', { name: 'Waivers' }).getByText('Holds').waitFor();
  await portal.checked(page);
  await page.getByRole('button', { name: 'End it: harbor-2026' }).click();
  await window.getByText('What was sold stays sold').waitFor();
  await portal.checked(page);
  await window.getByRole('button', { name: 'End it' }).click();
  await window.waitFor({ state: 'detached' });
  await page.getByRole('grid', { name: 'Waivers' }).getByText('Does not hold').waitFor();
  await portal.checked(page);
  await page.getByRole('tab', { name: 'Schedule' }).click();
  await page.getByRole('grid', { name: 'Due next' }).waitFor();
  await portal.checked(page);
  await page.getByRole('tab', { name: 'Set aside' }).click();
  await page.getByText('Nothing is set aside').waitFor();
  await portal.checked(page);
});

test('nobody else has it; in Japanese on a phone', async () => {
  const partner = await portal.as('meridian', '/operator');
  await partner.getByText('There is no such page').waitFor();
  assert.equal(await partner.getByRole('grid').count(), 0);
  const page = await portal.as('operator', '/operator?state=all', { locale: 'ja-JP', viewport: PHONE });
  await page.getByRole('grid', { name: '登録' }).waitFor();
  await portal.checked(page);
});

test('pictures', async () => {
  await portal.shots('operator', 'operator', '/operator?state=all', page => page.getByRole('grid').waitFor());
  await portal.shots('enrolment', 'operator', '/operator/enrolments/larkspur', page =>
    page.locator('[data-step]').first().waitFor(),
  );
  await portal.shots('parameters', 'operator', '/operator?view=parameters', page =>
    page.getByText('csp 2023-10').waitFor(),
  );
});

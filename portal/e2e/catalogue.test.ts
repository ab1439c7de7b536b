import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { PHONE, Portal } from './browser.ts';

let portal: Portal;
before(async () => {
  portal = await Portal.open();
});
after(() => portal.close());

test('a product is found, put into the cart, and bought for a customer', async () => {
  const page = await portal.as('harbor', '/catalogue');
  await page.getByRole('searchbox').fill('desk basic');
  await page.getByRole('link', { name: 'Desk Basic', exact: true }).waitFor();
  await portal.checked(page);
  await page.getByRole('link', { name: 'Desk Basic', exact: true }).click();
  await page.getByRole('combobox', { name: 'Term' }).selectOption({ label: '1-year commitment, billed annually' });
  await page.getByRole('textbox', { name: 'Quantity' }).fill('3');
  await page.getByRole('button', { name: 'Put into the cart' }).click();
  await page.getByText('It is in the cart.').waitFor();
  await portal.checked(page);
  await page.getByRole('link', { name: 'Go to the cart' }).click();
  await page.getByRole('button', { name: 'Take Desk Basic out' }).waitFor();
  await portal.checked(page);
  // What was put in is still there after a reload.
  await page.reload();
  await page.getByRole('textbox', { name: 'Find a customer' }).fill('juniper');
  await page.getByRole('combobox', { name: 'Customer' }).selectOption({ label: 'Juniper Bakery LLC' });
  await page.getByRole('button', { name: 'Buy', exact: true }).click();
  await page.locator('[data-bought="1"]').waitFor();
  await portal.checked(page);
});

test('a purchase whose answer was lost is asked for again, and bought once', async () => {
  const orders = async (): Promise<number> => {
    const { server } = portal;
    const found = await server.call(
      'GET',
      '/v1/customers/silver-creek-publishing/orders',
      await server.token('harbor'),
    );
    return (found as { items: unknown[] }).items.length;
  };
  const before = await orders();
  const page = await portal.as('harbor', '/catalogue/products/CFQZ6PLNP1VZ');
  await page.getByRole('button', { name: 'Put into the cart' }).click();
  await page.getByRole('link', { name: 'Go to the cart' }).click();
  await page.getByRole('textbox', { name: 'Find a customer' }).fill('silver creek');
  await page.getByRole('combobox', { name: 'Customer' }).selectOption({ label: 'Silver Creek Publishing LLC' });
  // The server buys, and the line breaks before it has said so.
  await page.route('**/checkout', async route => {
    await route.fetch();
    await route.abort();
  });
  await page.getByRole('button', { name: 'Buy', exact: true }).click();
  await page.locator('[data-trouble=lost]').waitFor();
  await page.unroute('**/checkout');
  await page.locator('[data-trouble=lost]').getByRole('button', { name: 'Try again' }).click();
  await page.locator('[data-bought="1"]').waitFor();
  await page.getByText('The cart is empty').waitFor();
  assert.equal(await orders(), before + 1);
  portal.forgive(page, /ERR_FAILED/);
  await portal.checked(page);
});

test('a price book gets an entry, and the preview tells what it makes of the price', async () => {
  const page = await portal.as('meridian', '/catalogue?view=books&item=desk-premium');
  await page.locator('[data-tier=meridian]').getByText('US$280.85').waitFor();
  await portal.checked(page);
  const entry = page.getByRole('region', { name: 'Add an entry' });
  await entry.getByRole('textbox', { name: 'Item' }).fill('desk-premium');
  await entry.getByRole('textbox', { name: 'Percent' }).fill('much');
  await entry.getByRole('button', { name: 'Add an entry' }).click();
  await page.locator('[data-trouble]').waitFor();
  assert.equal(await entry.getByRole('textbox', { name: 'Percent' }).inputValue(), 'much');
  portal.forgive(page, /400/);
  await entry.getByRole('textbox', { name: 'Percent' }).fill('20');
  await entry.getByRole('checkbox').check();
  await entry.getByRole('button', { name: 'Add an entry' }).click();
  await page.locator('[data-tier=meridian]').getByText('US$330.00').waitFor();
  await portal.checked(page);

  // The operator sees every tier of the chain.
  const operator = await portal.as(
    'operator',
    '/catalogue?item=desk-premium&customer=red-rock-dental&reseller=cedar&provider=meridian',
  );
  await operator.locator('[data-tier=cedar]').waitFor();
  assert.equal(await operator.locator('[data-tier]').count(), 2);
  await portal.checked(operator);
});

test('a reseller asks for an item of the marketplace, and its provider accepts', async () => {
  const cedar = await portal.as('cedar', '/catalogue');
  await cedar.getByRole('button', { name: 'Ask for it' }).last().click();
  await cedar.getByRole('textbox', { name: 'Find a customer' }).fill('red rock');
  await cedar.getByRole('combobox', { name: 'Customer' }).selectOption({ label: 'Red Rock Dental LLC' });
  await cedar.getByRole('textbox', { name: 'Quantity' }).fill('4');
  await cedar.locator('#portal[inert]').waitFor({ state: 'attached' });
  await portal.checked(cedar);
  await cedar.getByRole('dialog').getByRole('button', { name: 'Ask for it' }).click();
  await cedar.getByRole('dialog').waitFor({ state: 'detached' });
  await cedar.getByRole('tab', { name: 'Order requests' }).click();
  await cedar.getByText('desk-premium × 4').waitFor();
  await portal.checked(cedar);

  const meridian = await portal.as('meridian', '/catalogue?view=requests');
  const asked = meridian.getByRole('row', { name: /desk-premium × 4/ });
  await asked.getByRole('button', { name: 'Accept' }).click();
  await meridian.locator('#portal[inert]').waitFor({ state: 'attached' });
  await portal.checked(meridian);
  await meridian.getByRole('dialog').getByRole('button', { name: 'Accept' }).click();
  await asked.getByText('Accepted').waitFor();
  await portal.checked(meridian);
  // Another is declined, with a reason that the reseller reads.
  const open = meridian.getByRole('row', { name: /calling-addon × 10/ });
  await open.getByRole('button', { name: 'Decline' }).click();
  const window = meridian.getByRole('dialog');
  await window.getByRole('textbox').fill('Not before the spring.');
  await portal.checked(meridian);
  await window.getByRole('button', { name: 'Decline' }).click();
  await open.getByText('Declined').waitFor();
  await portal.checked(meridian);
  const reseller = await portal.as('bridgewater', '/catalogue?view=requests');
  await reseller
    .getByRole('row', { name: /calling-addon × 10/ })
    .getByText('Declined')
    .waitFor();
  await reseller.getByText('Not before the spring.').waitFor();
  await portal.checked(reseller);
});

test('what a provider opens to one reseller is hidden from its others', async () => {
  const page = await portal.as('meridian', '/catalogue?view=books');
  const entry = page.getByRole('region', { name: 'Add an entry' });
  await entry.getByRole('textbox', { name: 'Item' }).fill('mail-archive');
  await entry.getByRole('textbox', { name: 'Buyer' }).fill('cedar');
  await entry.getByRole('textbox', { name: 'Percent' }).fill('10');
  await entry.getByRole('checkbox').check();
  await entry.getByRole('button', { name: 'Add an entry' }).click();
  await page
    .getByRole('row', { name: /mail-archive/ })
    .getByText('cedar')
    .waitFor();
  for (const [who, isShown] of [
    ['cedar', true],
    ['bridgewater', false],
  ] as const) {
    const reseller = await portal.as(who, '/catalogue?view=market&search=archive');
    const market = reseller.getByRole('grid', { name: 'Marketplace' });
    await (isShown ? market : reseller.getByText('Nothing fits the search')).waitFor();
    assert.equal((await market.getByRole('row', { name: /Archive/ }).count()) > 0, isShown);
    await portal.checked(reseller);
  }
});

test('a script in a company name is shown as text', async () => {
  const name = '<img src=x onerror="document.title=1">';
  await portal.server.command('harbor', 'create_customer', {
    name,
    country: 'US',
    domain: 'script.example',
    email: 'office@script.example',
  });
  const page = await portal.as('harbor', '/catalogue/products/CFQZ6PLNP1VZ');
  await page.getByRole('button', { name: 'Put into the cart' }).click();
  await page.getByRole('link', { name: 'Go to the cart' }).click();
  await page.getByRole('textbox', { name: 'Find a customer' }).fill('script.example');
  await page.getByRole('combobox', { name: 'Customer' }).selectOption({ label: name });
  assert.equal(await page.locator('img[src=x]').count(), 0);
  assert.notEqual(await page.title(), '1');
  await portal.checked(page);
});

test('in Japanese on a phone', async () => {
  const page = await portal.as('kita', '/catalogue', { locale: 'ja-JP', viewport: PHONE });
  await page.getByRole('grid', { name: 'カタログ' }).waitFor();
  await portal.checked(page);
});

test('pictures', async () => {
  await portal.shots('catalogue', 'meridian', '/catalogue', page =>
    page.getByRole('link', { name: 'Desk Basic', exact: true }).waitFor(),
  );
  await portal.shots('price-books', 'meridian', '/catalogue?view=books', page => page.locator('[data-tier]').waitFor());
  await portal.shots('marketplace', 'cedar', '/catalogue', page => page.getByText('Desk Premium').first().waitFor());
  await portal.shots('order-requests', 'meridian', '/catalogue?view=requests', page =>
    page.getByText('calling-addon × 10').waitFor(),
  );
});

import { Select } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { useMe } from '../../api/queries';
import { DataTable, Empty, fits, Link, Loaded, Search, useGo, useInAddress, type Column } from '../../parts';
import { useTexts } from '../../texts';
import { productsQuery, SHELVES, type Product } from './queries';
import { useWords } from './texts';

/** The operator's catalogue in the caller's market. */
export function Products() {
  const texts = useTexts();
  const words = useWords();
  const go = useGo();
  const country = useMe().country ?? 'US';
  const [search, setSearch] = useInAddress('search');
  const [chosen, choose] = useInAddress('shelf');
  const shelf = SHELVES.find(one => one === chosen) ?? SHELVES[0];
  const products = useQuery(productsQuery(country, shelf));
  const columns = useMemo<Column<Product>[]>(
    () => [
      {
        id: 'title',
        label: words.product,
        width: 'minmax(12rem, 1fr)',
        sort: row => row.title,
        cell: row => <Link to={`/catalogue/products/${row.id}`}>{row.title}</Link>,
      },
      {
        id: 'description',
        label: words.description,
        width: 'minmax(18rem, 2fr)',
        cell: row => <span title={row.description}>{row.description}</span>,
      },
      {
        id: 'publisher',
        label: words.publisher,
        width: '10rem',
        wideOnly: true,
        sort: row => row.publisherName,
        cell: row => row.publisherName,
      },
    ],
    [words],
  );
  return (
    <Loaded query={products} lines={8}>
      {({ items }) => {
        const found = items.filter(row => fits(search, row.title, row.description, row.publisherName, row.id));
        return (
          <>
            <Search label={words.search} value={search} onChange={setSearch} shown={found.length} all={items.length}>
              <Select aria-label={words.shelf} value={shelf} onChange={(_, data) => choose(data.value)}>
                {SHELVES.map(one => (
                  <option key={one} value={one}>
                    {words.shelves[one]}
                  </option>
                ))}
              </Select>
            </Search>
            <DataTable
              name={words.views.products}
              rows={found}
              columns={columns}
              rowKey={row => row.id}
              onOpen={row => go(`/catalogue/products/${row.id}`)}
              empty={<Empty title={texts.parts.noMatch} hint={texts.parts.noMatchHint} />}
            />
          </>
        );
      }}
    </Loaded>
  );
}

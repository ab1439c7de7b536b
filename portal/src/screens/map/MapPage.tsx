import { Button, makeStyles, mergeClasses, MessageBar, Select, tokens } from '@fluentui/react-components';
import { ArrowDownloadRegular, DismissRegular } from '@fluentui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useMemo, useState } from 'react';

import { serverQuery, useMe } from '../../api/queries';
import {
  ButtonLink,
  Facts,
  fits,
  Loaded,
  NARROW,
  Page,
  Search,
  Section,
  StateBadge,
  useInAddress,
  When,
} from '../../parts';
import { count } from '../../parts/money';
import { useTheme } from '../../theme/theme';
import { useTexts } from '../../texts';
import { localeOf, useLang } from '../../texts/lang';
import { ROLES } from '../ids';
import { screensOf } from '../shown';
import { Drawing } from './Drawing';
import { layoutOf, narrowed, type Box, type Graph, type GraphNode } from './layout';
import { mapQuery } from './queries';
import { signOf, svgOf, type Sign } from './signs';
import { useWords } from './texts';

/** With so few customers there is no need of clusters. */
const FEW = 30;
/** Ties that the facts of somebody show. */
const TIES_SHOWN = 20;

const useStyles = makeStyles({
  body: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr)',
    gap: tokens.spacingHorizontalL,
    alignItems: 'start',
  },
  withFacts: { gridTemplateColumns: 'minmax(0, 1fr) 20rem', [NARROW]: { gridTemplateColumns: 'minmax(0, 1fr)' } },
  legend: {
    display: 'flex',
    flexWrap: 'wrap',
    columnGap: tokens.spacingHorizontalXL,
    rowGap: tokens.spacingVerticalXS,
    margin: 0,
    padding: 0,
    listStyleType: 'none',
    color: tokens.colorNeutralForeground2,
    fontSize: tokens.fontSizeBase200,
  },
  keys: { margin: 0, color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  ties: {
    listStyleType: 'none',
    margin: 0,
    padding: 0,
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr)',
    gap: tokens.spacingVerticalS,
  },
  tie: { display: 'flex', justifyContent: 'space-between', gap: tokens.spacingHorizontalS, overflowWrap: 'anywhere' },
  dim: { display: 'block', color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  actions: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
});

/** Everything that the map knows of somebody. */
function About(props: { node: GraphNode; graph: Graph; onClose: () => void }) {
  const styles = useStyles();
  const texts = useTexts();
  const words = useWords();
  const me = useMe();
  const locale = localeOf(useLang());
  const { data: server } = useQuery(serverQuery);
  const screens = screensOf(me, server?.sandbox ?? false);
  const { node, graph } = props;
  const titleOf = (one: GraphNode | undefined) =>
    one === undefined ? '' : one.title || (texts.roles[one.kind] ?? one.name);
  const ties = graph.edges.filter(edge => edge.from === node.id || edge.to === node.id);
  const find = (id: string) => graph.nodes.find(one => one.id === id);
  return (
    <Section
      title={titleOf(node)}
      actions={
        <Button appearance="subtle" icon={<DismissRegular />} aria-label={words.close} onClick={props.onClose} />
      }
    >
      <Facts
        items={[
          { label: words.name, value: node.name },
          { label: words.kind, value: texts.roles[node.kind] },
          { label: words.country, value: node.country },
          { label: words.region, value: node.region },
          { label: words.account, value: node.state && <StateBadge state={node.state} /> },
          { label: words.agreement, value: node.agreement && words.agreements[node.agreement] },
        ]}
      />
      <strong>{words.ties(count(ties.length, locale))}</strong>
      <ul className={styles.ties}>
        {ties.slice(0, TIES_SHOWN).map(edge => (
          <li key={`${edge.from} ${edge.to}`} className={styles.tie}>
            <span>
              {titleOf(find(edge.from === node.id ? edge.to : edge.from))}
              {edge.since !== undefined && (
                <span className={styles.dim}>
                  <When at={edge.since} grain="day" />
                </span>
              )}
              {edge.agreement !== undefined && <span className={styles.dim}>{words.agreements[edge.agreement]}</span>}
            </span>
            <StateBadge state={edge.state} />
          </li>
        ))}
      </ul>
      {ties.length > TIES_SHOWN && (
        <span className={styles.dim}>{words.moreTies(count(ties.length - TIES_SHOWN, locale))}</span>
      )}
      {node.kind === 'customer' && (
        <div className={styles.actions}>
          {screens.includes('deal') && (
            <ButtonLink to={`/deal?customer=${encodeURIComponent(node.name)}`}>{words.toDeal}</ButtonLink>
          )}
          {screens.includes('customers') && <ButtonLink to={`/customers/${node.id}`}>{words.toCustomer}</ButtonLink>}
        </div>
      )}
    </Section>
  );
}

function Explored(props: { graph: Graph; isCut: boolean }) {
  const styles = useStyles();
  const texts = useTexts();
  const words = useWords();
  const theme = useTheme();
  const { graph } = props;
  const [search, setSearch] = useInAddress('search');
  const [region, setRegion] = useInAddress('region');
  const [kind, setKind] = useInAddress('kind');
  const [state, setState] = useInAddress('state');
  const [turned, setTurned] = useState<ReadonlySet<string>>(new Set());
  const [chosen, setChosen] = useState<string | null>(null);
  const isNarrowed = search !== '' || region !== '' || kind !== '' || state !== '';

  const { shown, found } = useMemo(() => {
    if (!isNarrowed) return { shown: graph, found: graph.nodes.length };
    const tied = new Set(
      graph.edges.filter(edge => signOf(edge).state === (state as Sign['state'])).map(edge => edge.to),
    );
    const isFound = (node: GraphNode) =>
      fits(search, node.title, node.name, node.country, node.region) &&
      (region === '' || node.region === region) &&
      (kind === '' || node.kind === kind) &&
      (state === '' || tied.has(node.id));
    return { shown: narrowed(graph, isFound), found: graph.nodes.filter(isFound).length };
  }, [graph, isNarrowed, search, region, kind, state]);

  const customers = shown.nodes.filter(node => node.kind === 'customer').length;
  const layout = useMemo(() => {
    const owners = customers <= FEW ? shown.nodes.map(node => node.id) : [];
    // Where there are few, a click closes; where there are many, it opens.
    const open = new Set(owners.length > 0 ? owners.filter(id => !turned.has(id)) : turned);
    return layoutOf(shown, open);
  }, [shown, turned, customers]);

  const choose = useCallback((box: Box) => {
    if (box.shape !== 'cluster') {
      setChosen(box.id);
      return;
    }
    setTurned(old => {
      const next = new Set(old);
      if (!next.delete(box.node.id)) next.add(box.node.id);
      return next;
    });
  }, []);
  const regions = [...new Set(graph.nodes.map(node => node.region ?? ''))].filter(one => one !== '').sort();
  const node = graph.nodes.find(one => one.id === chosen);
  const save = () => {
    const text = svgOf(
      layout,
      {
        ink: theme.colorNeutralForeground1,
        ground: theme.colorNeutralBackground1,
        line: theme.colorNeutralStrokeAccessible,
        box: theme.colorNeutralBackground2,
      },
      texts.roles,
    );
    const address = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
    const link = document.createElement('a');
    link.href = address;
    link.download = 'program-map.svg';
    link.click();
    URL.revokeObjectURL(address);
  };
  const isAllOpen = customers > FEW && turned.size > 0;
  return (
    <>
      <Search label={words.search} value={search} onChange={setSearch} shown={found} all={graph.nodes.length}>
        <Select aria-label={words.region} value={region} onChange={(_, data) => setRegion(data.value)}>
          <option value="">{words.allRegions}</option>
          {regions.map(one => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </Select>
        <Select aria-label={words.kind} value={kind} onChange={(_, data) => setKind(data.value)}>
          <option value="">{words.allKinds}</option>
          {ROLES.map(one => (
            <option key={one} value={one}>
              {texts.roles[one]}
            </option>
          ))}
        </Select>
        <Select aria-label={words.state} value={state} onChange={(_, data) => setState(data.value)}>
          <option value="">{words.allStates}</option>
          {(['active', 'waiting', 'ended'] as const).map(one => (
            <option key={one} value={one}>
              {words.statesOf[one]}
            </option>
          ))}
        </Select>
      </Search>
      {props.isCut && <MessageBar intent="warning">{words.cut}</MessageBar>}
      <div className={styles.actions}>
        <Button icon={<ArrowDownloadRegular />} onClick={save}>
          {words.export}
        </Button>
        {customers > FEW && (
          <Button onClick={() => setTurned(isAllOpen ? new Set() : new Set(shown.nodes.map(one => one.id)))}>
            {isAllOpen ? words.closeAll : words.openAll}
          </Button>
        )}
      </div>
      <div className={mergeClasses(styles.body, node !== undefined && styles.withFacts)}>
        <div data-boxes={layout.boxes.length}>
          <Drawing layout={layout} chosen={chosen} onChoose={choose} />
        </div>
        {node !== undefined && <About node={node} graph={graph} onClose={() => setChosen(null)} />}
      </div>
      <ul className={styles.legend} aria-label={words.legend}>
        {Object.entries(words.signs).map(([name, text]) => (
          <li key={name}>{text}</li>
        ))}
      </ul>
      <p className={styles.keys} id="map-keys">
        {words.keys}
      </p>
    </>
  );
}

/** The program as a graph. */
export default function MapPage() {
  const texts = useTexts();
  const words = useWords();
  const map = useQuery(mapQuery);
  return (
    <Page title={texts.screens.map} lead={words.lead}>
      <Loaded query={map} lines={10}>
        {data => <Explored graph={data} isCut={data.isCut} />}
      </Loaded>
    </Page>
  );
}

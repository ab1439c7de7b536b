import { Button, DrawerBody, makeStyles, OverlayDrawer, tokens } from '@fluentui/react-components';
import { DismissRegular, NavigationRegular } from '@fluentui/react-icons';
import { CatchBoundary, useRouterState } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';

import type { Me } from '../api/queries';
import { Empty } from '../parts/Empty';
import { Link } from '../parts/Link';
import { useIsNarrow } from '../parts/media';
import { NARROW, PHONE } from '../parts/styles';
import { useTexts } from '../texts';
import { LanguageButton, LookButton } from './Choices';
import { Clock } from './Clock';
import { Mark } from './Mark';
import { Navigation } from './Navigation';
import { Notices } from './Notices';
import { Who } from './Who';

const useStyles = makeStyles({
  shell: {
    minHeight: '100dvh',
    display: 'grid',
    gridTemplateColumns: '15rem minmax(0, 1fr)',
    gridTemplateRows: '56px 1fr',
    backgroundColor: tokens.colorNeutralBackground2,
    [NARROW]: { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  skip: {
    position: 'absolute',
    insetInlineStart: '-9999px',
    zIndex: 10,
    padding: tokens.spacingHorizontalM,
    backgroundColor: tokens.colorNeutralBackground1,
    color: tokens.colorBrandForegroundLink,
    '&:focus': { insetInlineStart: tokens.spacingHorizontalS, top: tokens.spacingVerticalS },
  },
  bar: {
    gridColumn: '1 / -1',
    position: 'sticky',
    top: 0,
    zIndex: 5,
    display: 'flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalS,
    paddingInline: tokens.spacingHorizontalL,
    backgroundColor: tokens.colorNeutralBackground1,
    borderBottom: `${tokens.strokeWidthThin} solid ${tokens.colorNeutralStroke2}`,
    [PHONE]: { paddingInline: tokens.spacingHorizontalS, gap: tokens.spacingHorizontalXXS },
  },
  brand: {
    display: 'inline-flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalS,
    color: tokens.colorNeutralForeground1,
    fontWeight: tokens.fontWeightSemibold,
    fontSize: tokens.fontSizeBase400,
  },
  space: { flex: '1 1 auto' },
  wide: { display: 'inline-flex', [NARROW]: { display: 'none' } },
  side: {
    position: 'sticky',
    top: '56px',
    alignSelf: 'start',
    height: 'calc(100dvh - 56px)',
    boxSizing: 'border-box',
    overflowY: 'auto',
    padding: tokens.spacingHorizontalM,
    [NARROW]: { display: 'none' },
  },
  main: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalL,
    minWidth: 0,
    width: '100%',
    maxWidth: '80rem',
    boxSizing: 'border-box',
    padding: `${tokens.spacingVerticalXXL} ${tokens.spacingHorizontalXXXL} ${tokens.spacingVerticalXXXL}`,
    outlineStyle: 'none',
    [PHONE]: { padding: `${tokens.spacingVerticalL} ${tokens.spacingHorizontalL} ${tokens.spacingVerticalXXL}` },
  },
  drawer: { maxWidth: '85vw' },
  drawerHead: {
    display: 'flex',
    justifyContent: 'space-between',
    alignItems: 'center',
    paddingBlock: tokens.spacingVerticalM,
  },
  drawerClock: { paddingBlock: tokens.spacingVerticalM },
});

/** A screen that broke takes nothing else with it. */
function Broken() {
  const texts = useTexts();
  return (
    <Empty
      title={texts.shell.broken}
      hint={texts.shell.brokenHint}
      action={<Button onClick={() => window.location.reload()}>{texts.shell.reload}</Button>}
    />
  );
}

/** The frame of all screens: who, when and where above; the screens beside, in a drawer where there is no room. */
export function Shell(props: { me: Me; children: ReactNode }) {
  const styles = useStyles();
  const texts = useTexts();
  const isNarrow = useIsNarrow();
  const [openAt, setOpenAt] = useState<string | null>(null);
  const path = useRouterState({ select: state => state.location.pathname });
  // The drawer belongs to the place where it was opened: elsewhere it is closed.
  const isOpen = openAt === path;
  const setOpen = (open: boolean) => setOpenAt(open ? path : null);
  const brand = (
    <Link to="/" className={styles.brand}>
      <Mark /> {texts.name}
    </Link>
  );
  return (
    <div className={styles.shell}>
      <a href="#main" className={styles.skip}>
        {texts.shell.skip}
      </a>
      <header className={styles.bar}>
        {isNarrow && (
          <Button
            appearance="subtle"
            icon={<NavigationRegular />}
            aria-label={texts.shell.menu}
            aria-expanded={isOpen}
            onClick={() => setOpen(true)}
          />
        )}
        {brand}
        <span className={styles.space} />
        <span className={styles.wide}>
          <Clock />
        </span>
        <LanguageButton />
        <LookButton />
        <Who me={props.me} />
      </header>
      {isNarrow ? (
        <OverlayDrawer
          open={isOpen}
          onOpenChange={(_, data) => setOpen(data.open)}
          size="small"
          className={styles.drawer}
          aria-label={texts.shell.navigation}
        >
          <DrawerBody>
            <div className={styles.drawerHead}>
              {brand}
              <Button
                appearance="subtle"
                icon={<DismissRegular />}
                aria-label={texts.shell.close}
                onClick={() => setOpen(false)}
              />
            </div>
            <Navigation me={props.me} />
            <div className={styles.drawerClock}>
              <Clock />
            </div>
          </DrawerBody>
        </OverlayDrawer>
      ) : (
        <aside className={styles.side}>
          <Navigation me={props.me} />
        </aside>
      )}
      <main id="main" tabIndex={-1} className={styles.main}>
        <Notices />
        <CatchBoundary getResetKey={() => path} errorComponent={Broken}>
          {props.children}
        </CatchBoundary>
      </main>
    </div>
  );
}

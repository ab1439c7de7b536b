import { makeStyles, Tab, TabList } from '@fluentui/react-components';
import { useLayoutEffect, useRef } from 'react';

const useStyles = makeStyles({ all: { overflowX: 'auto', maxWidth: '100%', position: 'relative' } });

/** The views of a page, one of which is shown. Where they do not fit they scroll sideways, and the shown one is in sight. */
export function Views<T extends string>(props: {
  all: readonly T[];
  names: Record<T, string>;
  shown: T;
  onChoose: (view: T) => void;
  /** What they are views of; without it the page's title says so. */
  label?: string;
  isSmall?: boolean;
}) {
  const styles = useStyles();
  const list = useRef<HTMLDivElement>(null);
  const { shown } = props;
  const all = props.all.map(one => props.names[one]).join();
  useLayoutEffect(() => {
    const frame = list.current;
    const tab = frame?.querySelector<HTMLElement>(`#view-${shown}`);
    if (frame === null || tab === undefined || tab === null) return;
    // The page itself stays where it is.
    frame.scrollLeft = tab.offsetLeft - (frame.clientWidth - tab.offsetWidth) / 2;
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- which there are, and how wide, may be known only later
  }, [shown, all]);
  return (
    <div ref={list} className={styles.all}>
      <TabList
        size={props.isSmall === true ? 'small' : 'medium'}
        selectedValue={shown}
        onTabSelect={(_, data) => props.onChoose(data.value as T)}
        {...(props.label === undefined ? {} : { 'aria-label': props.label })}
      >
        {props.all.map(one => (
          <Tab key={one} value={one} id={`view-${one}`}>
            {props.names[one]}
          </Tab>
        ))}
      </TabList>
    </div>
  );
}

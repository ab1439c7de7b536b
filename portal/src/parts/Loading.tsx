import { makeStyles, Skeleton, SkeletonItem, tokens } from '@fluentui/react-components';

import { useTexts } from '../texts';

const useStyles = makeStyles({
  all: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
});

/** The shape of what comes, until it is there. */
export function Loading(props: { lines?: number }) {
  const styles = useStyles();
  const texts = useTexts();
  return (
    <Skeleton aria-label={texts.parts.loading} className={styles.all}>
      {Array.from({ length: props.lines ?? 4 }, (_, index) => (
        <SkeletonItem key={index} size={24} />
      ))}
    </Skeleton>
  );
}

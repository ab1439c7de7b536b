import { localeOf, useLang } from '../texts/lang';
import { apart, when, type Grain } from './when';

/** An instant or a day, in UTC; with `from` also how far it lies from there. */
export function When(props: { at: string; grain?: Grain; from?: string }) {
  const locale = localeOf(useLang());
  return (
    <time dateTime={props.at} title={`${props.at}${props.at.length === 10 ? '' : ' (UTC)'}`}>
      {when(props.at, locale, props.grain)}
      {props.from !== undefined && ` · ${apart(props.at, props.from, locale)}`}
    </time>
  );
}

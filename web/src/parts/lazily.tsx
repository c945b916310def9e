import type { FunctionComponent, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Problem, Skeleton } from './states.js';

/**
 * Loads the code of a component when it is first shown.
 * @param heading is shown until then
 */
export function lazily<P extends object>(
  heading: string,
  load: () => Promise<FunctionComponent<P>>,
): (props: P) => JSX.Element {
  let loaded: FunctionComponent<P> | undefined;
  return function Lazily(props: P) {
    const [state, setState] = useState<{ error?: Error; turn: number }>({ turn: 0 });
    useEffect(() => {
      if (loaded) return;
      let isGone = false;
      const settle = (error?: Error) => {
        if (!isGone) setState(({ turn }) => ({ error, turn: turn + 1 }));
      };
      load().then((component) => {
        loaded = component;
        settle();
      }, settle);
      return () => {
        isGone = true;
      };
    }, [state.error === undefined]);
    const Component = loaded;
    if (Component) return <Component {...props} />;
    return (
      <>
        <h1>{heading}</h1>
        {state.error ? <Problem error={state.error} retry={() => setState({ turn: 0 })} /> : <Skeleton />}
      </>
    );
  };
}

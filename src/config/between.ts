import { Max, Min } from 'class-validator';

/** A number from `least` to `most`, and what to tell where it is none: the same whichever of the two it misses. */
export function Between(least: number, most: number, message: string): PropertyDecorator {
  return (settings, name) => {
    Min(least, { message })(settings, name);
    Max(most, { message })(settings, name);
  };
}

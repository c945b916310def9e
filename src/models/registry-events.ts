import { Injectable } from '@nestjs/common';

type Listener = (name: string, modelId: string | null) => void;
type Farewell = (modelId: string) => Promise<void>;

/** Changes of the registry. They are announced after the database has them. */
@Injectable()
export class RegistryEvents {
  private readonly listeners: Listener[] = [];
  private readonly farewells: Farewell[] = [];
  private readonly observers: ((modelId: string) => void)[] = [];

  /** An alias now points to another model, or was removed (null). */
  onAliasMoved(listener: Listener): void {
    this.listeners.push(listener);
  }

  /** A model was renamed. */
  onModelChanged(observer: (modelId: string) => void): void {
    this.observers.push(observer);
  }

  /**
   * A model was deleted. Its files are removed after all listeners have resolved, so that they can close them
   * first.
   */
  onModelDeleted(farewell: Farewell): void {
    this.farewells.push(farewell);
  }

  aliasMoved(name: string, modelId: string | null): void {
    for (const listener of this.listeners) listener(name, modelId);
  }

  modelChanged(modelId: string): void {
    for (const observer of this.observers) observer(modelId);
  }

  async modelDeleted(modelId: string): Promise<void> {
    await Promise.all(this.farewells.map((farewell) => farewell(modelId)));
  }
}

import { Injectable } from '@nestjs/common';
import { detectEngine } from '../bert/engines/detect.js';
import { SettingsError } from '../config/read-settings.js';
import { Settings } from '../config/settings.js';
import { engineReason, withAdvice } from '../training/advice.js';

/** The training engine and why it was chosen. It is detected once at startup. */
@Injectable()
export class EngineInUse {
  readonly description: { name: string; reason: string };

  /** @throws SettingsError if the settings ask for an engine that is not prepared */
  constructor(settings: Settings) {
    try {
      const choice = detectEngine(settings.engine);
      this.description = { name: choice.name, reason: engineReason(choice) };
    } catch (error) {
      throw new SettingsError([`WELLFORMED_ENGINE is ${settings.engine}. ${withAdvice(error as Error)}`]);
    }
  }
}

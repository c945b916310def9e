import { Injectable, Logger } from '@nestjs/common';
import { chanceWarning, withChanceWarning } from '../bert/evaluation/warnings.js';
import { ConflictError, InvalidInputError, NotFoundError } from '../common/errors.js';
import { Transactions } from '../database/transactions.js';
import { aliasNameRule, isAliasName, type Alias, type AliasChange } from './alias.js';
import { AliasesRepository } from './aliases.repository.js';
import { PRODUCTION } from './model-version.js';
import { ModelsService } from './models.service.js';
import { RegistryEvents } from './registry-events.js';

/** Aliases are labels of a metric, and a metric's labels must stay few. */
const MAX_ALIASES = 50;

/** Names that point to a model and can be moved, such as `production`. */
@Injectable()
export class AliasesService {
  private readonly logger = new Logger(AliasesService.name);

  constructor(
    private readonly aliases: AliasesRepository,
    private readonly transactions: Transactions,
    private readonly models: ModelsService,
    private readonly events: RegistryEvents,
  ) {}

  /** All aliases, by name. */
  list(): Promise<Alias[]> {
    return this.aliases.list();
  }

  /** @throws NotFoundError if there is no such alias. */
  async get(name: string): Promise<Alias & { history: AliasChange[] }> {
    const alias = await this.find(name);
    return { ...alias, history: await this.aliases.history(name) };
  }

  /**
   * Points an alias to a model. A new alias is created.
   * @throws InvalidInputError if the name is not allowed
   * @throws NotFoundError if there is no such model
   */
  async put(name: string, modelIdOrAlias: string): Promise<Alias> {
    if (!isAliasName(name)) {
      throw new InvalidInputError(`"${name}" cannot be an alias.`, [
        { parameter: 'name', message: aliasNameRule },
      ]);
    }
    const { alias, mcc } = await this.transactions.run(async () => {
      const { id, best } = await this.models.find(modelIdOrAlias);
      await this.assertRoomFor(name);
      const reason = 'By hand.';
      await this.aliases.move(name, id, name === PRODUCTION ? withChanceWarning(reason, best.mcc) : reason);
      return { alias: await this.find(name), mcc: best.mcc };
    });
    const warning = chanceWarning(mcc);
    if (name === PRODUCTION && warning !== null) {
      this.logger.warn(`${alias.modelId} became "${PRODUCTION}" by hand. ${warning}`, {
        modelId: alias.modelId,
      });
    }
    this.events.aliasMoved(name, alias.modelId);
    return alias;
  }

  /** @throws NotFoundError if there is no such alias. */
  async remove(name: string): Promise<void> {
    // Removing the alias may allow the version to be deleted.
    await this.transactions.runDeletion(async () => {
      await this.find(name);
      await this.aliases.move(name, null, 'Removed by hand.');
    });
    this.events.aliasMoved(name, null);
  }

  private async find(name: string): Promise<Alias> {
    const alias = await this.aliases.find(name);
    if (alias) return alias;
    throw new NotFoundError(
      `There is no alias "${name}". GET /aliases lists them. PUT /aliases/${name} creates it.`,
    );
  }

  private async assertRoomFor(name: string): Promise<void> {
    if (await this.aliases.find(name)) return;
    if ((await this.aliases.count()) < MAX_ALIASES) return;
    throw new ConflictError(
      `There are ${MAX_ALIASES} aliases already. Remove one first: DELETE /aliases/:name.`,
    );
  }
}

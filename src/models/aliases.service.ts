import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { chanceWarning, withChanceWarning } from '../bert/evaluation/warnings.js';
import { ConflictError, InvalidInputError, NotFoundError } from '../common/errors.js';
import { Transactions } from '../database/transactions.js';
import { AliasChangeEntity } from './alias-change.entity.js';
import { moveAlias } from './alias-moves.js';
import { aliasNameRule, isAliasName } from './alias-name.js';
import { AliasEntity } from './alias.entity.js';
import { PRODUCTION } from './model-version.js';
import { ModelVersionEntity } from './model-version.entity.js';
import { ModelsService } from './models.service.js';
import { RegistryEvents } from './registry-events.js';

export interface Alias {
  name: string;
  modelId: string;
  updatedAt: Date;
}

export interface AliasChange {
  modelId: string | null;
  previousModelId: string | null;
  reason: string;
  createdAt: Date;
}

/** Aliases are labels of a metric, and a metric's labels must stay few. */
const MAX_ALIASES = 50;
const MAX_HISTORY = 100;

/** Names that point to a model and can be moved: what "production" is today. */
@Injectable()
export class AliasesService {
  private readonly logger = new Logger(AliasesService.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly models: ModelsService,
    private readonly events: RegistryEvents,
  ) {}

  /** All of them, by name. */
  list(): Promise<Alias[]> {
    return this.dataSource.manager.find(AliasEntity, { order: { name: 'ASC' } });
  }

  /** @throws NotFoundError if there is no such alias. */
  async get(name: string): Promise<Alias & { history: AliasChange[] }> {
    const alias = await this.find(this.dataSource.manager, name);
    const history = await this.dataSource.manager.find(AliasChangeEntity, {
      where: { name },
      order: { id: 'DESC' },
      take: MAX_HISTORY,
    });
    return { ...alias, history };
  }

  /**
   * Points an alias to a model, making it if it is new.
   *
   * @throws InvalidInputError if the name is not one an alias may have
   * @throws NotFoundError if there is no such model
   */
  async put(name: string, modelIdOrAlias: string): Promise<Alias> {
    if (!isAliasName(name)) {
      throw new InvalidInputError(`"${name}" cannot be an alias.`, [
        { parameter: 'name', message: aliasNameRule },
      ]);
    }
    const { alias, mcc } = await this.transactions.run(async (manager) => {
      const { id } = await this.models.resolve(modelIdOrAlias, manager);
      await this.assertRoomFor(manager, name);
      const { metrics } = await manager.findOneByOrFail(ModelVersionEntity, { id });
      const { mcc } = metrics.best;
      await moveAlias(
        manager,
        name,
        id,
        name === PRODUCTION ? withChanceWarning('By hand.', mcc) : 'By hand.',
      );
      return { alias: await this.find(manager, name), mcc };
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
    // A version can be deleted once no alias points to it.
    await this.transactions.runDeletion(async (manager) => {
      await this.find(manager, name);
      await moveAlias(manager, name, null, 'Removed by hand.');
    });
    this.events.aliasMoved(name, null);
  }

  private async find(manager: EntityManager, name: string): Promise<Alias> {
    const alias = await manager.findOneBy(AliasEntity, { name });
    if (alias) return { name: alias.name, modelId: alias.modelId, updatedAt: alias.updatedAt };
    throw new NotFoundError(
      `There is no alias "${name}". GET /aliases lists them; PUT /aliases/${name} makes it.`,
    );
  }

  private async assertRoomFor(manager: EntityManager, name: string): Promise<void> {
    if (await manager.existsBy(AliasEntity, { name })) return;
    if ((await manager.count(AliasEntity)) < MAX_ALIASES) return;
    throw new ConflictError(
      `There are ${MAX_ALIASES} aliases already. Remove one first: DELETE /aliases/:name.`,
    );
  }
}

import type { EntityManager } from 'typeorm';
import { AliasChangeEntity } from './alias-change.entity.js';
import { AliasEntity } from './alias.entity.js';

/** Points an alias to a model, or removes it (null), and remembers why. Nothing is done if it already is so. */
export async function moveAlias(
  manager: EntityManager,
  name: string,
  modelId: string | null,
  reason: string,
): Promise<void> {
  const current = await manager.findOneBy(AliasEntity, { name });
  const previousModelId = current?.modelId ?? null;
  if (previousModelId === modelId) return;
  const now = new Date();
  if (modelId === null) await manager.delete(AliasEntity, { name });
  else await manager.save(AliasEntity, { name, modelId, updatedAt: now });
  await manager.insert(AliasChangeEntity, { name, modelId, previousModelId, reason, createdAt: now });
}

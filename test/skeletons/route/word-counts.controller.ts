import { Body, Controller, HttpCode, HttpStatus, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../src/api/api-problems.decorator.js';
import { Needs } from '../../../src/auth/access.js';
import { CountWordsDto, WordCountDto } from './word-count.dto.js';
import { WordCountsService } from './word-counts.service.js';

// A tag of the API document: take one that is there.
@ApiTags('predictions')
@Controller('word-counts')
export class WordCountsController {
  constructor(private readonly wordCounts: WordCountsService) {}

  /** Count the words of a sentence */
  // The line above is the summary of the route. It must be the first comment: the API document takes no other.
  @Post()
  // Nest answers a POST with 201. That is for what was created.
  @HttpCode(HttpStatus.OK)
  // Whose API keys may use it. A route without this is for `admin` alone.
  @Needs('predict')
  // Each error that it can answer with: here, bodies that are malformed, too large, of another type, or not valid.
  @ApiProblems(400, 413, 415, 422)
  count(@Body() { sentence }: CountWordsDto): WordCountDto {
    return WordCountDto.of(this.wordCounts.count(sentence));
  }
}

import { queryOptions } from '@tanstack/react-query';

import { api, got } from '../../api/client';

/** Who takes part and what ties them, as far as the caller may know. */
export const mapQuery = queryOptions({ queryKey: ['map'], queryFn: () => got(api.GET('/program/v1/map')) });

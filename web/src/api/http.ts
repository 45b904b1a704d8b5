// Requests to the API. A failure becomes an ApiError with the text of the server.

export interface ProblemItem {
  pointer: string;
  detail: string;
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly errors: ProblemItem[] = [],
  ) {
    super(message);
  }
}

type Query = Record<string, string | number | boolean | null | undefined>;

function address(path: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value != null && value !== '');
  const text = given.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&');
  return text ? `${path}?${text}` : path;
}

async function failure(response: Response): Promise<ApiError> {
  try {
    const problem = await response.json();
    return new ApiError(response.status, problem.detail || problem.title, problem.errors ?? []);
  } catch {
    return new ApiError(response.status, `The server answered ${response.status}.`);
  }
}

async function send(method: string, path: string, query: Query, body?: unknown, headers = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address(path, query), {
      method,
      headers: { ...headers, ...(method === 'GET' ? {} : { 'Content-Type': 'application/json', 'Millrace-On-Behalf-Of': 'dashboard' }) },
      body: method === 'GET' ? undefined : JSON.stringify(body ?? {}),
    });
  } catch {
    throw new ApiError(0, 'Millrace does not answer. Is the engine running?');
  }
  if (!response.ok) throw await failure(response);
  return response;
}

export async function request<T>(method: string, path: string, query: Query = {}, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
  return (await send(method, path, query, body, headers)).json();
}

export async function requestText(path: string, query: Query = {}): Promise<string> {
  return (await send('GET', path, query)).text();
}

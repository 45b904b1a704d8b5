-- A table whose trigger starts a run of `orders_import` for each new order. Millrace uses the same database:
--   millrace up --db postgresql://…/shop --dags examples/sql-trigger
CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  amount numeric(12, 2) NOT NULL,
  ordered_at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION start_import() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM millrace.trigger('orders_import', jsonb_build_object('order', NEW.id), key => 'order-' || NEW.id);
  RETURN NULL;
END $$;

CREATE TRIGGER start_import AFTER INSERT ON orders
  FOR EACH ROW EXECUTE FUNCTION start_import();
